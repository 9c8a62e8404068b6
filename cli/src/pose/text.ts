import { fileURLToPath } from 'node:url';
import { createCanvas, GlobalFonts, type SKRSContext2D } from '@napi-rs/canvas';

const FONT = 'Inter';
export const INK = '#1c1e22';
export const FAINT = '#6a6f78';

export interface TextStyle {
  /** Of the letters, in pixels. */
  size: number;
  bold?: boolean;
  colour?: string;
  /** The most pixels that the text may be wide: longer ones are squeezed. */
  fit?: number;
  align?: 'left' | 'right';
}

/** Writes a line; `y` is that of its baseline. The machine may have no font at all: this brings its own. */
export function write(
  context: SKRSContext2D,
  text: string,
  x: number,
  y: number,
  style: TextStyle,
): void {
  registerFont();
  context.font = `${style.bold ? 600 : 400} ${style.size}px ${FONT}`;
  context.fillStyle = style.colour ?? INK;
  context.textAlign = style.align ?? 'left';
  context.fillText(text, x, y, style.fit);
}

/** Breaks a text between words into lines of at most `width` pixels. */
export function wrap(text: string, width: number, size: number): string[] {
  registerFont();
  const context = createCanvas(1, 1).getContext('2d');
  context.font = `400 ${size}px ${FONT}`;
  const lines = [''];
  for (const word of text.split(' ')) {
    const longer = `${lines[lines.length - 1]} ${word}`.trimStart();
    if (context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function registerFont(): void {
  if (GlobalFonts.has(FONT)) return;
  for (const weight of [400, 600]) {
    const file = `@fontsource/inter/files/inter-latin-${weight}-normal.woff2`;
    GlobalFonts.registerFromPath(fileURLToPath(import.meta.resolve(file)), FONT);
  }
}
