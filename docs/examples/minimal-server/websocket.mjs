/**
 * The server side of RFC 6455, as far as event sockets need it: text out, ping, pong and close. What clients say is
 * read only to be skipped, so no message is ever put together here [EVT-13].
 */
import { createHash } from "node:crypto";

const [frameBytesMax, unsentBytesMax, goodbyeMs] = [64 * 1024, 1024 * 1024, 2_000];
const [TEXT, CLOSE, PING, PONG] = [0x1, 0x8, 0x9, 0xa];

/** Answers the handshake. `onRoom` is called whenever what was sent has left, `onGone` once, at the end. */
export function accept(request, socket, { onRoom, onGone }) {
  const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  lines.push(`Sec-WebSocket-Accept: ${createHash("sha1").update(key).digest("base64")}`, "", "");
  socket.write(lines.join("\r\n"));
  const peer = { socket, unread: Buffer.alloc(0), answered: true, closing: false };
  socket.on("data", (chunk) => readFrames(peer, chunk));
  socket.on("end", () => socket.destroy());
  socket.on("drain", onRoom);
  socket.on("close", onGone);
  return peer;
}

export const hasRoom = (peer) => !peer.closing && peer.socket.writableLength < unsentBytesMax;
export const sendText = (peer, text) => write(peer, TEXT, Buffer.from(text));

/** Asks for a sign of life; who gave none since the last time is cut off [EVT-11]. */
export function ping(peer) {
  if (!peer.answered) peer.socket.destroy();
  peer.answered = false;
  write(peer, PING, Buffer.alloc(0));
}

export function close(peer, code) {
  if (peer.closing) return;
  write(peer, CLOSE, Buffer.from([code >> 8, code & 255]));
  peer.closing = true;
  peer.socket.end();
  setTimeout(() => peer.socket.destroy(), goodbyeMs).unref();
}

function write(peer, opcode, payload) {
  if (peer.closing || peer.socket.destroyed) return;
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (head[1] === 126) head.writeUInt16BE(length, 2);
  if (head[1] === 127) head.writeBigUInt64BE(BigInt(length), 2);
  peer.socket.write(Buffer.concat([head, payload]));
}

function readFrames(peer, chunk) {
  peer.unread = Buffer.concat([peer.unread, chunk]);
  while (!peer.closing && peer.unread.length >= 2) {
    const [first, second] = peer.unread;
    const opcode = first & 0x0f;
    const width = { 126: 2, 127: 8 }[second & 0x7f] ?? 0;
    if (peer.unread.length < 2 + width) return;
    let length = second & 0x7f;
    if (width === 2) length = peer.unread.readUInt16BE(2);
    if (width === 8) length = Number(peer.unread.readBigUInt64BE(2));
    const control = opcode >= CLOSE;
    // Clients mask, use no extension, and keep control frames whole and short.
    const wrong = second < 0x80 || (first & 0x70) !== 0 || (control && (length > 125 || first < 0x80));
    if (wrong || ![0, 1, 2, CLOSE, PING, PONG].includes(opcode)) return close(peer, 1002);
    if (length > frameBytesMax) return close(peer, 1009);
    const start = 2 + width + 4;
    if (peer.unread.length < start + length) return;
    const mask = peer.unread.subarray(start - 4, start);
    const payload = peer.unread.subarray(start, start + length).map((byte, index) => byte ^ mask[index % 4]);
    peer.unread = peer.unread.subarray(start + length);
    if (opcode === CLOSE) return close(peer, 1000);
    if (opcode === PING && hasRoom(peer)) write(peer, PONG, payload);
    peer.answered = true;
  }
}
