/**
 * Owns the bytes of an answer: read up to a bound, and unpacked when something on the way packed them unasked.
 * Refuses to know what they say.
 */

import { brotliDecompressSync, inflateRawSync, inflateSync, unzipSync } from "node:zlib";

export const MEBIBYTE = 1_048_576;

/** The body cannot be read; `code` says why. */
class BodyFault extends Error {
  override readonly name = "BodyFault";
  readonly code: "ERR_BODY_TOO_LARGE" | "ERR_BODY_ENCODING";

  constructor(code: BodyFault["code"]) {
    super(code);
    this.code = code;
  }
}

/** The text of a body. Rejects with BodyFault when it is longer than `bytesMax`, packed or not, and with what the body rejects with. */
export async function readBody(
  body: AsyncIterable<Buffer>,
  encoding: string | string[] | undefined,
  bytesMax: number,
): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // To leave the loop early ends the connection.
    if (length > bytesMax) throw new BodyFault("ERR_BODY_TOO_LARGE");
    chunks.push(chunk);
  }
  const whole = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
  const text = unpacked(whole, String(encoding ?? ""), bytesMax).toString("utf8");
  // A byte order mark is no part of JSON.
  return text.startsWith("\uFEFF") ? text.slice(1) : text;
}

/** `gzip`, or several in the order in which they were applied. One that is not known is left as it is. */
function unpacked(bytes: Buffer, encoding: string, bytesMax: number): Buffer {
  const names = encoding
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  if (bytes.length === 0) return bytes;
  return names.reduceRight((packed, name) => unpack(packed, name, bytesMax), bytes);
}

function unpack(bytes: Buffer, name: string, maxOutputLength: number): Buffer {
  try {
    if (name === "gzip" || name === "x-gzip") return unzipSync(bytes, { maxOutputLength });
    if (name === "br") return brotliDecompressSync(bytes, { maxOutputLength });
    if (name !== "deflate") return bytes;
    // Half of all servers mean raw deflate by it: the first byte of the other form tells (RFC 1950).
    return ((bytes[0] ?? 0) & 0x0f) === 8
      ? inflateSync(bytes, { maxOutputLength })
      : inflateRawSync(bytes, { maxOutputLength });
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    throw new BodyFault(isTooLarge ? "ERR_BODY_TOO_LARGE" : "ERR_BODY_ENCODING");
  }
}
