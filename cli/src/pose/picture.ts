import { fileURLToPath } from 'node:url';
import { createCanvas, GlobalFonts, type Canvas, type SKRSContext2D } from '@napi-rs/canvas';
import { inferno } from './colours.js';
import type { ComputationMap } from './computation-map.js';
import { clampedMap, stretchedMap, type Heatmaps } from './heatmaps.js';
import type { FoundJoint } from './joints.js';
import { fit, type Photograph } from './photograph.js';
import { drawSkeleton, SIDE_COLOURS } from './skeleton.js';

/** What a picture of one prediction shows. */
export interface PictureContent {
  title: string;
  subtitle: string;
  photo: Photograph;
  /** Where the joints are, in pixels of the photograph's file; drawn over it. */
  skeleton?: Readonly<Record<string, FoundJoint>>;
  heatmaps: Heatmaps;
  /** The joints' names, as many as there are heatmaps. */
  joints: readonly string[];
  computation: ComputationMap;
  /** Lines of text beneath everything. */
  notes: readonly string[];
}

const FONT = 'Inter';
const INK = '#1c1e22';
const FAINT = '#6a6f78';
const MARGIN = 32;
const GAP = 24;
const PANEL_WIDTH = 384;
const PANELS = 3;
const WIDTH = 2 * MARGIN + PANELS * PANEL_WIDTH + (PANELS - 1) * GAP;
const HEADER_HEIGHT = 72;
const CAPTION_HEIGHT = 30;
const LEGEND_HEIGHT = 48;
const MAPS_PER_ROW = 16;
const MAP_GAP = 6;
const MAP_CAPTION_HEIGHT = 18;
const NOTE_HEIGHT = 22;
const NOTE_SIZE = 14;
/** How much of the photo a heatmap covers at most. */
const OVERLAY_OPACITY = 0.85;
const LIMB_WIDTH = 4;

/**
 * Draws the photo, the heatmaps over it and one by one, and the computation map with its legend.
 *
 * @returns a PNG file's bytes.
 */
export function drawPicture(content: PictureContent): Buffer {
  registerFont();
  const { heatmaps, computation, joints, notes, skeleton } = content;
  const { width: inputWidth, height: inputHeight } = content.photo.canvas;
  const panelHeight = Math.round((PANEL_WIDTH * inputHeight) / inputWidth);
  // Larger than the network saw it, but placed alike.
  const photo = fit(content.photo.image, PANEL_WIDTH, panelHeight);
  const mapWidth = (WIDTH - 2 * MARGIN - (MAPS_PER_ROW - 1) * MAP_GAP) / MAPS_PER_ROW;
  const mapHeight = (mapWidth * inputHeight) / inputWidth;
  const mapRowHeight = mapHeight + MAP_CAPTION_HEIGHT + MAP_GAP;
  const mapRows = Math.ceil(heatmaps.joints / MAPS_PER_ROW);
  const panelTop = MARGIN + HEADER_HEIGHT + CAPTION_HEIGHT;
  const mapsTop = panelTop + panelHeight + LEGEND_HEIGHT + GAP + CAPTION_HEIGHT;
  const notesTop = mapsTop + mapRows * mapRowHeight + GAP;
  const lines = notes.flatMap((note) => wrap(note, WIDTH - 2 * MARGIN));
  const height = Math.ceil(notesTop + lines.length * NOTE_HEIGHT + MARGIN);

  const canvas = createCanvas(WIDTH, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, WIDTH, height);
  context.imageSmoothingQuality = 'high';

  write(context, content.title, MARGIN, MARGIN + 26, { size: 26, bold: true });
  write(context, content.subtitle, MARGIN, MARGIN + 54, { size: 15, colour: FAINT });

  const panel = (index: number, caption: string, ...layers: Canvas[]): number => {
    const left = MARGIN + index * (PANEL_WIDTH + GAP);
    write(context, caption, left, panelTop - 10, { size: 16, bold: true });
    for (const layer of layers) {
      context.drawImage(layer, left, panelTop, PANEL_WIDTH, panelHeight);
    }
    return left;
  };
  panel(
    1,
    `Heatmaps, strongest of ${heatmaps.joints}`,
    greyscale(photo.canvas),
    // Of a trained network the values mean something; of any other, their differences may.
    overlay(heatmaps, skeleton ? clampedMap : stretchedMap),
  );
  if (skeleton) {
    panel(0, 'Skeleton', withSkeleton(photo, skeleton));
    drawSides(context, MARGIN, panelTop + panelHeight + 12);
  } else {
    panel(0, 'Input', photo.canvas);
  }
  context.imageSmoothingEnabled = false;
  const [least, most] = extremes(computation.counts);
  const left = panel(2, 'Computation map', countsCanvas(computation, least, most));
  drawLegend(context, left, panelTop + panelHeight + 12, computation.convolutions, least, most);

  write(context, 'Heatmaps, each from its least to its largest value', MARGIN, mapsTop - 10, {
    size: 16,
    bold: true,
  });
  for (let joint = 0; joint < heatmaps.joints; joint++) {
    const x = MARGIN + (joint % MAPS_PER_ROW) * (mapWidth + MAP_GAP);
    const y = mapsTop + Math.floor(joint / MAPS_PER_ROW) * mapRowHeight;
    context.drawImage(jointCanvas(heatmaps, joint), x, y, mapWidth, mapHeight);
    write(context, joints[joint], x, y + mapHeight + 13, {
      size: 10,
      colour: FAINT,
      fit: mapWidth,
    });
  }

  lines.forEach((line, i) => {
    write(context, line, MARGIN, notesTop + (i + 0.7) * NOTE_HEIGHT, { size: NOTE_SIZE });
  });
  return canvas.toBuffer('image/png');
}

/** The machine may have no font at all, so the picture brings its own. */
function registerFont(): void {
  if (GlobalFonts.has(FONT)) return;
  for (const weight of [400, 600]) {
    const file = `@fontsource/inter/files/inter-latin-${weight}-normal.woff2`;
    GlobalFonts.registerFromPath(fileURLToPath(import.meta.resolve(file)), FONT);
  }
}

function write(
  context: SKRSContext2D,
  text: string,
  x: number,
  y: number,
  style: { size: number; bold?: boolean; colour?: string; fit?: number; align?: 'left' | 'right' },
): void {
  context.font = `${style.bold ? 600 : 400} ${style.size}px ${FONT}`;
  context.fillStyle = style.colour ?? INK;
  context.textAlign = style.align ?? 'left';
  context.fillText(text, x, y, style.fit);
}

/** Breaks a note between words into lines of at most `width` pixels. */
function wrap(note: string, width: number): string[] {
  const context = createCanvas(1, 1).getContext('2d');
  context.font = `400 ${NOTE_SIZE}px ${FONT}`;
  const lines = [''];
  for (const word of note.split(' ')) {
    const longer = `${lines[lines.length - 1]} ${word}`.trimStart();
    if (context.measureText(longer).width <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** A copy without colour, so that the colours laid over it stand out. */
function greyscale(photo: Canvas): Canvas {
  const canvas = createCanvas(photo.width, photo.height);
  const context = canvas.getContext('2d');
  context.filter = 'grayscale(1)';
  context.drawImage(photo, 0, 0);
  return canvas;
}

/** A photograph's canvas with the skeleton over it. */
function withSkeleton(
  { canvas, frame, width, height }: Photograph,
  skeleton: Readonly<Record<string, FoundJoint>>,
): Canvas {
  const copy = createCanvas(canvas.width, canvas.height);
  const context = copy.getContext('2d');
  context.drawImage(canvas, 0, 0);
  drawSkeleton(
    context,
    skeleton,
    (x, y) => [frame.x + (x / width) * frame.width, frame.y + (y / height) * frame.height],
    LIMB_WIDTH,
  );
  return copy;
}

/** The legend of the skeleton's colours. */
function drawSides(context: SKRSContext2D, x: number, y: number): void {
  const side = 12;
  for (const [name, colour] of Object.entries(SIDE_COLOURS)) {
    context.fillStyle = colour;
    context.fillRect(x, y, side, side);
    write(context, name, x + side + 6, y + side - 1, { size: 13, colour: FAINT });
    x += 80;
  }
}

/** A canvas of one pixel a cell; `paint` gives red, green, blue and opacity in [0, 1]. */
function cellsCanvas(
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

/** The largest of all joints' maps, each as `mapOf` makes it, the more opaque the larger. */
function overlay(heatmaps: Heatmaps, mapOf: typeof stretchedMap): Canvas {
  const strongest = new Float32Array(heatmaps.height * heatmaps.width);
  for (let joint = 0; joint < heatmaps.joints; joint++) {
    mapOf(heatmaps, joint).forEach((value, cell) => {
      strongest[cell] = Math.max(strongest[cell], value);
    });
  }
  return cellsCanvas(heatmaps.height, heatmaps.width, (cell) => [
    ...inferno(strongest[cell]),
    OVERLAY_OPACITY * strongest[cell],
  ]);
}

function jointCanvas(heatmaps: Heatmaps, joint: number): Canvas {
  const map = stretchedMap(heatmaps, joint);
  return cellsCanvas(heatmaps.height, heatmaps.width, (cell) => [...inferno(map[cell]), 1]);
}

function countsCanvas(
  { height, width, counts }: ComputationMap,
  least: number,
  most: number,
): Canvas {
  return cellsCanvas(height, width, (cell) => [
    ...inferno((counts[cell] - least) / (most - least || 1)),
    1,
  ]);
}

function extremes(values: Float32Array): [least: number, most: number] {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

function drawLegend(
  context: SKRSContext2D,
  x: number,
  y: number,
  convolutions: number,
  least: number,
  most: number,
): void {
  const height = 12;
  for (let i = 0; i < PANEL_WIDTH; i++) {
    context.fillStyle = `rgb(${inferno(i / (PANEL_WIDTH - 1)).join(' ')})`;
    context.fillRect(x + i, y, 1, height);
  }
  const style = { size: 13, colour: FAINT };
  const below = y + height + 17;
  write(context, least.toFixed(0), x, below, style);
  write(context, `${most.toFixed(0)} of ${convolutions} convolutions`, x + PANEL_WIDTH, below, {
    ...style,
    align: 'right',
  });
}
