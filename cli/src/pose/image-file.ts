import { isPng, pngChunks, type PngChunk } from './png.js';

/** How to get a sound copy of a file. */
const ADVICE = 'copy or download it again';

/**
 * What is wrong with an image file that the decoder would decode in part, filling the rest with grey.
 *
 * @returns the fault and what to do, to be read behind the file's name; undefined for a file that is whole, and for
 *   one of another kind
 */
export function faultOf(bytes: Buffer): string | undefined {
  const cutOff = `is cut off before its end: ${ADVICE}`;
  if (isJpeg(bytes)) return jpegEnds(bytes) ? undefined : cutOff;
  if (isWebp(bytes)) return webpEnds(bytes) ? undefined : cutOff;
  if (isPng(bytes)) {
    const chunks = pngChunks(bytes);
    if (chunks.at(-1)?.type !== 'IEND') return cutOff;
    if (chunks.some((chunk) => isCritical(chunk) && !chunk.isSound)) return `is damaged: ${ADVICE}`;
  }
  return undefined;
}

function isJpeg(bytes: Buffer): boolean {
  return bytes.subarray(0, 2).toString('hex') === 'ffd8';
}

/** Whether a PNG's pixels need a chunk: a capital begins its type. */
function isCritical({ type }: PngChunk): boolean {
  return /^[A-Z]/.test(type);
}

function isWebp(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP';
}

/** Whether a WebP is as long as it says: it counts what follows the eight bytes in front. */
function webpEnds(bytes: Buffer): boolean {
  return bytes.length >= 8 + bytes.readUInt32LE(4);
}

/**
 * Whether a JPEG reaches its end of image. Its segments are passed over by their lengths, for a thumbnail in one
 * has an end of its own; what lies behind the end, as the video of a motion photo, is no part of the image.
 */
function jpegEnds(bytes: Buffer): boolean {
  let at = bytes.indexOf(0xff, 2);
  while (at >= 0 && bytes[at + 1] !== 0xd9) at = bytes.indexOf(0xff, behindMarker(bytes, at));
  return at >= 0;
}

/** Where it goes on behind the marker that begins at `at`, and behind the segment that it may head. */
function behindMarker(bytes: Buffer, at: number): number {
  const marker = bytes[at + 1];
  if (marker === 0xff) return at + 1;
  // No length follows a zero (0xff was a value among the pixels), a restart, and a start of image.
  const isAlone = marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
  if (isAlone || at + 4 > bytes.length) return at + 2;
  return at + 2 + bytes.readUInt16BE(at + 2);
}
