import { createCanvas, type Canvas } from '@napi-rs/canvas';

/** A canvas of one pixel a cell; `paint` gives red, green, blue and, in [0, 1], opacity. */
export function cellsCanvas(
  height: number,
  width: number,
  paint: (cell: number) => readonly [number, number, number, number],
): Canvas {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  const image = context.createImageData(width, height);
  for (let cell = 0; cell < height * width; cell++) {
    const [red, green, blue, opacity] = paint(cell);
    image.data.set([red, green, blue, Math.round(opacity * 255)], cell * 4);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
