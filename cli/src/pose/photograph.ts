import { readFile } from 'node:fs/promises';
import { createCanvas, loadImage, type Canvas, type Image } from '@napi-rs/canvas';
import { imageSize } from 'image-size';
import { messageOf, UserError } from '../user-error.js';
import { faultOf } from './image-file.js';
import { setUpright } from './orientation.js';

/** What is decoded, as `image-size` calls it, by what the files begin with. */
const TYPES = ['jpg', 'png', 'webp'];
/** The most pixels of a file: what is to be decoded must fit into memory. */
const MOST_PIXELS = 1e8;
/** The longest side of a file in pixels: what JPEG can hold. */
const LONGEST_SIDE = 65535;

/** A photograph fitted into a network's input. */
export interface Photograph {
  /** The file's own size in pixels, EXIF orientation applied. */
  width: number;
  height: number;
  /** The photograph as the network sees it: fitted, centred, bars black. */
  canvas: Canvas;
  /** Where the photograph lies in the canvas, in canvas pixels. */
  frame: { x: number; y: number; width: number; height: number };
  /** The photograph in full size. */
  image: Image | Canvas;
}

/**
 * Decodes an image file (JPEG, PNG or WebP; EXIF orientation applied) and fits it into
 * `width` x `height` pixels with its aspect kept.
 *
 * @throws UserError when the file cannot be read, is no such image, or is too large.
 */
export async function readPhotograph(
  path: string,
  width: number,
  height: number,
): Promise<Photograph> {
  return fit(await decode(path), width, height);
}

/** Fits an image into `width` x `height` pixels with its aspect kept. */
export function fit(image: Image | Canvas, width: number, height: number): Photograph {
  const scale = Math.min(width / image.width, height / image.height);
  const frame = {
    x: Math.round((width - image.width * scale) / 2),
    y: Math.round((height - image.height * scale) / 2),
    width: Math.max(1, Math.round(image.width * scale)),
    height: Math.max(1, Math.round(image.height * scale)),
  };
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  // Smoothing blurs a picture that fits as it is.
  context.imageSmoothingEnabled = scale !== 1;
  context.imageSmoothingQuality = 'high';
  context.drawImage(image, frame.x, frame.y, frame.width, frame.height);
  return { width: image.width, height: image.height, canvas, frame, image };
}

async function decode(path: string): Promise<Image | Canvas> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new UserError(`The image ${path} cannot be read: ${messageOf(error)}`);
  });
  const fault = faultOf(bytes);
  if (fault !== undefined) throw new UserError(`The image ${path} ${fault}.`);
  checkHeader(path, bytes);
  try {
    return setUpright(await loadImage(bytes), bytes);
  } catch (error) {
    throw new UserError(
      `${path} is no image that can be decoded (${messageOf(error)}): give a JPEG, PNG or WebP file.`,
    );
  }
}

/**
 * Looks at what a file begins with, before the decoder does: it decodes SVG, too, which can ask for other
 * files, and ends the process where memory for the pixels is lacking.
 */
function checkHeader(path: string, bytes: Buffer): void {
  const advice = 'give a JPEG, PNG or WebP file';
  let header: ReturnType<typeof imageSize>;
  try {
    header = imageSize(bytes);
  } catch {
    throw new UserError(`${path} is no image that can be decoded: ${advice}.`);
  }
  const { type = '', width, height } = header;
  if (!TYPES.includes(type)) {
    throw new UserError(`${path} is an image of type ${type}, which is not supported: ${advice}.`);
  }
  if (!(width >= 1 && height >= 1)) {
    throw new UserError(`${path} says that it has ${width}x${height} pixels: ${advice}.`);
  }
  if (Math.max(width, height) > LONGEST_SIDE || width * height > MOST_PIXELS) {
    throw new UserError(
      `${path} has ${width}x${height} pixels, more than ${MOST_PIXELS / 1e6} million: scale it down.`,
    );
  }
}

/**
 * The pixels as a network takes them: float32 [height, width, 3], (rgb / 255 - mean) / std.
 */
export function toInput(
  photograph: Photograph,
  mean: readonly number[],
  std: readonly number[],
): Float32Array {
  const { canvas } = photograph;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const input = new Float32Array(canvas.width * canvas.height * 3);
  for (let pixel = 0, i = 0; i < input.length; pixel += 4) {
    for (let c = 0; c < 3; c++, i++) input[i] = (data[pixel + c] / 255 - mean[c]) / std[c];
  }
  return input;
}
