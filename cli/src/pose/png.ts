import { crc32 } from 'node:zlib';

/** What every PNG file begins with. */
const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Of a chunk: its length and its type in front, its checksum behind. */
const FRAME_BYTES = 12;

/** A part of a PNG file. */
export interface PngChunk {
  type: string;
  data: Buffer;
  /** Whether its checksum is that of what it holds. */
  isSound: boolean;
}

export function isPng(bytes: Buffer): boolean {
  return bytes.subarray(0, SIGNATURE.length).equals(SIGNATURE);
}

/** The chunks of a PNG file, up to its end or to the first that is not whole. */
export function pngChunks(bytes: Buffer): PngChunk[] {
  const chunks: PngChunk[] = [];
  let at = SIGNATURE.length;
  while (at + FRAME_BYTES <= bytes.length && chunks.at(-1)?.type !== 'IEND') {
    const end = at + FRAME_BYTES + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    const checked = bytes.subarray(at + 4, end - 4);
    chunks.push({
      type: checked.toString('latin1', 0, 4),
      data: checked.subarray(4),
      isSound: crc32(checked) === bytes.readUInt32BE(end - 4),
    });
    at = end;
  }
  return chunks;
}
