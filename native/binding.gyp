{
  "variables": {
    # `node-gyp rebuild -C native -- -Dsanitize=1` puts AddressSanitizer and UBSan in; see sanitize.sh.
    "sanitize%": 0,
  },
  "target_defaults": {
    "defines": ["NAPI_VERSION=9", "_GNU_SOURCE"],
    "cflags_c": ["-std=gnu11", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-fvisibility=hidden", "-O2"],
    "conditions": [
      [
        "sanitize==1",
        {
          "cflags_c": [
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=undefined",
            "-fno-omit-frame-pointer",
            "-g",
          ],
          "ldflags": ["-fsanitize=address,undefined"],
        },
      ],
    ],
  },
  "targets": [
    {
      "target_name": "sipexpectd",
      "sources": [
        "addon.c",
        "value.c",
        "socket.c",
        "queue.c",
        "queue_bind.c",
        "queue_pace.c",
        "queue_packet.c",
        "queue_verdict.c",
        "netlink.c",
        "netlink_request.c",
        "netlink_dump.c",
        "netlink_events.c",
      ],
    },
  ],
  "conditions": [
    [
      "sanitize==1",
      {
        "targets": [
          {
            "target_name": "parser-fuzz",
            "type": "executable",
            "sources": ["../test/native/parser-fuzz.c"],
            # The parsers call nothing of Node; the linker leaves out the functions that do.
            "cflags_c": ["-ffunction-sections"],
            "ldflags": ["-Wl,--gc-sections"],
          },
        ],
      },
    ],
  ],
}
