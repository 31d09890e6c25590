import { expect, test } from "vitest";
import { helperObjects, helperRules } from "../../src/rules/kernel-helper.ts";

test("rules that attach a SIP helper are found, rules that only match one are not", () => {
  const attaching = [
    "-A PREROUTING -p udp -m udp --dport 5060 -j CT --helper sip",
    "-A OUTPUT -p udp -m udp --dport 5070 -j CT --zone 3 --helper sip-5070 --timeout long",
  ];
  const others = [
    "-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp",
    "-A PREROUTING -j CT --helper sippy",
    '-A FORWARD -m helper --helper "sip" -j ACCEPT',
  ];
  expect(helperRules([...others, ...attaching, ...others].join("\n"))).toEqual(attaching);
});

test("SIP helper objects are named by family, table and name", () => {
  const ruleset = `table ip office {
	ct helper files {
		type "ftp" protocol tcp
		l3proto ip
	}

	ct helper phones {
		type "sip" protocol udp
		l3proto ip
	}
}
table inet other {
	ct helper trunk {
		type "sip-5070" protocol tcp
		l3proto inet
	}
}
`;
  expect(helperObjects(ruleset)).toEqual(["ip office phones", "inet other trunk"]);
});
