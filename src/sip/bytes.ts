/** Room for the largest payload of a datagram; longer texts come from files. */
const FIRST_ROOM = 65_536;

let room: Buffer = Buffer.alloc(FIRST_ROOM);
let written = "";

/**
 * The bytes of a text of one latin1 character per byte, with a 0 behind the last one. V8 looks at what a string is made
 * of for each character that is read of it, so that what goes through a message reads its bytes.
 *
 * NB: the bytes are those of this text until those of another one are asked for. There is one room for all texts, so
 * that the parts of a message are read one after another out of what was written once.
 */
export function bytesOf(text: string): Uint8Array {
  if (text !== written) {
    if (text.length >= room.length) room = Buffer.alloc(2 * text.length);
    room.write(text, "latin1");
    room[text.length] = 0;
  }
  // Of a text that is the same in another place, as of a retransmission, only the first look compares all characters.
  written = text;
  return room;
}
