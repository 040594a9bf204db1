/** Frames from server to client (RFC 6455 §5.2): unmasked, one frame a message. */
const FINAL_TEXT = 0x81;
const FINAL_BINARY = 0x82;

function headerOf(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.from([opcode, length]);
  if (length < 0x10000) return Buffer.from([opcode, 126, length >> 8, length & 0xff]);
  const header = Buffer.alloc(10);
  header[0] = opcode;
  header[1] = 127;
  header.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
  header.writeUInt32BE(length >>> 0, 6);
  return header;
}

export const textFrame = (text: string): Buffer => {
  const payload = Buffer.from(text);
  return Buffer.concat([headerOf(FINAL_TEXT, payload.length), payload]);
};
/** One buffer for any number of viewers. */
export const binaryFrame = (...parts: readonly Uint8Array[]): Buffer => {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([headerOf(FINAL_BINARY, length), ...parts]);
};
