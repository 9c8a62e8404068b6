import { createCanvas, type Canvas, type Image } from '@napi-rs/canvas';
import { isPng, pngChunks } from './png.js';

const ORIENTATION_TAG = 0x0112;
/** Of a directory's entry in EXIF data. */
const ENTRY_BYTES = 12;

/** How EXIF's orientations above 1 are set upright: the matrix without its shift. */
const MATRICES: Readonly<Record<number, readonly [number, number, number, number]>> = {
  2: [-1, 0, 0, 1],
  3: [-1, 0, 0, -1],
  4: [1, 0, 0, -1],
  5: [0, 1, 1, 0],
  6: [0, 1, -1, 0],
  7: [0, -1, -1, 0],
  8: [0, -1, 1, 0],
};

/**
 * Sets a decoded image upright where its file is a PNG with an EXIF orientation: the decoder does so itself for JPEG
 * and WebP only.
 */
export function setUpright(image: Image, bytes: Buffer): Image | Canvas {
  const exif = isPng(bytes) && pngChunks(bytes).find(({ type }) => type === 'eXIf')?.data;
  const matrix = exif ? MATRICES[orientationOf(exif)] : undefined;
  if (!matrix) return image;
  const { width, height } = image;
  const [a, b, c, d] = matrix;
  const canvas = a === 0 ? createCanvas(height, width) : createCanvas(width, height);
  const context = canvas.getContext('2d');
  // The shift brings back into the canvas what the matrix turns out of it.
  context.setTransform(a, b, c, d, a + c < 0 ? canvas.width : 0, b + d < 0 ? canvas.height : 0);
  context.drawImage(image, 0, 0);
  return canvas;
}

/** What EXIF data says of the orientation; 1, upright, where it says nothing. */
function orientationOf(exif: Buffer): number {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  const isLittleEndian = exif.toString('latin1', 0, 2) === 'II';
  try {
    const directory = view.getUint32(4, isLittleEndian);
    const entries = view.getUint16(directory, isLittleEndian);
    for (let i = 0, at = directory + 2; i < entries; i++, at += ENTRY_BYTES) {
      const tag = view.getUint16(at, isLittleEndian);
      if (tag === ORIENTATION_TAG) return view.getUint16(at + 8, isLittleEndian);
    }
  } catch (error) {
    // What points beyond the end says nothing.
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}
