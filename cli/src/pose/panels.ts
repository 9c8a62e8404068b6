import { createCanvas, type Canvas, type SKRSContext2D } from '@napi-rs/canvas';
import { cellsCanvas } from './cells.js';
import { inferno } from './colours.js';
import type { ComputationMap } from './computation-map.js';
import type { FoundJoint } from './joints.js';
import { fit, type Photograph } from './photograph.js';
import { drawSkeleton, SIDE_COLOURS } from './skeleton.js';
import { FAINT, INK, write } from './text.js';

/** A way of predicting, which has a colour of its own. */
export type Way = 'wasm' | 'dense' | 'dynconv' | 'captured';

/** What is drawn of one prediction, panel beside panel. */
export interface PanelsContent {
  photo: Photograph;
  /** Where the joints are, in pixels of the photograph's file; drawn over it. */
  skeleton?: Readonly<Record<string, FoundJoint>>;
  computation: ComputationMap;
  /** What a prediction took, in milliseconds; the first is what others are compared with. */
  times: readonly { name: string; way: Way; milliseconds: number }[];
  /** Lines of text beneath the times. */
  work: readonly string[];
}

const PANEL_WIDTH = 384;
const PANELS = 3;
const GAP = 24;
/** The width of all panels, in pixels. */
export const PANELS_WIDTH = PANELS * PANEL_WIDTH + (PANELS - 1) * GAP;

const CAPTION_HEIGHT = 30;
const LEGEND_HEIGHT = 48;
const LIMB_WIDTH = 4;
/** How much of the photograph the computation map covers, where least and where most is computed. */
const LEAST_OPACITY = 0.35;
const MOST_OPACITY = 0.8;
const BAR_HEIGHT = 28;
const BAR_COLOURS: Record<Way, string> = {
  wasm: '#b9bec7',
  dense: '#8f96a3',
  dynconv: '#0072b2',
  captured: '#00496f',
};
const TIME_HEIGHT = 76;
const LINE_HEIGHT = 24;

/** The height that panels take, in pixels, captions and legends included. */
export function panelsHeight({ photo: { canvas } }: PanelsContent): number {
  return CAPTION_HEIGHT + panelHeight(canvas) + LEGEND_HEIGHT;
}

/** Draws skeleton, computation map and times beside one another. */
export function drawPanels(
  context: SKRSContext2D,
  content: PanelsContent,
  left: number,
  top: number,
): void {
  const height = panelHeight(content.photo.canvas);
  // Larger than the network saw it, but placed alike.
  const photo = fit(content.photo.image, PANEL_WIDTH, height);
  const below = top + CAPTION_HEIGHT + height + 12;
  const panel = (index: number, caption: string, ...layers: Canvas[]): number => {
    const x = left + index * (PANEL_WIDTH + GAP);
    write(context, caption, x, top + CAPTION_HEIGHT - 10, { size: 16, bold: true });
    for (const layer of layers) {
      context.drawImage(layer, x, top + CAPTION_HEIGHT, PANEL_WIDTH, height);
    }
    return x;
  };
  if (content.skeleton) {
    drawSides(context, panel(0, 'Skeleton', withSkeleton(photo, content.skeleton)), below);
  } else {
    panel(0, 'Input', photo.canvas);
  }
  const extremes = extremesOf(content.computation.counts);
  context.imageSmoothingEnabled = false;
  const map = panel(
    1,
    'Computation map',
    greyscale(photo.canvas),
    countsCanvas(content.computation, extremes),
  );
  context.imageSmoothingEnabled = true;
  drawLegend(context, map, below, content.computation.convolutions, extremes);
  drawTimes(context, content, panel(2, 'One prediction'), top + CAPTION_HEIGHT);
}

function panelHeight(input: Canvas): number {
  return Math.round((PANEL_WIDTH * input.height) / input.width);
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

/** A copy without colour, so that the colours laid over it stand out. */
function greyscale(photo: Canvas): Canvas {
  const canvas = createCanvas(photo.width, photo.height);
  const context = canvas.getContext('2d');
  context.filter = 'grayscale(1)';
  context.drawImage(photo, 0, 0);
  return canvas;
}

type Extremes = readonly [least: number, most: number];

function extremesOf(values: Float32Array): Extremes {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}

function countsCanvas(map: ComputationMap, [least, most]: Extremes): Canvas {
  return cellsCanvas(map.height, map.width, (cell) => {
    const share = (map.counts[cell] - least) / (most - least || 1);
    return [...inferno(share), LEAST_OPACITY + (MOST_OPACITY - LEAST_OPACITY) * share];
  });
}

function drawLegend(
  context: SKRSContext2D,
  x: number,
  y: number,
  convolutions: number,
  [least, most]: Extremes,
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

/** A bar for each time, and what is to say beneath. */
function drawTimes(
  context: SKRSContext2D,
  { times, work }: PanelsContent,
  x: number,
  y: number,
): void {
  const longest = Math.max(...times.map(({ milliseconds }) => milliseconds));
  const [reference] = times;
  times.forEach(({ name, way, milliseconds }, i) => {
    const top = y + i * TIME_HEIGHT;
    const gain = reference.milliseconds / milliseconds;
    write(context, name, x, top + 14, { size: 14, colour: FAINT });
    write(
      context,
      `${milliseconds.toFixed(1)} ms${i > 0 ? `, ${gain.toFixed(2)}x` : ''}`,
      x + PANEL_WIDTH,
      top + 14,
      { size: 14, bold: true, align: 'right' },
    );
    context.fillStyle = BAR_COLOURS[way];
    context.fillRect(x, top + 22, (PANEL_WIDTH * milliseconds) / longest, BAR_HEIGHT);
  });
  work.forEach((line, i) => {
    write(context, line, x, y + times.length * TIME_HEIGHT + 14 + i * LINE_HEIGHT, {
      size: 14,
      colour: INK,
      fit: PANEL_WIDTH,
    });
  });
}
