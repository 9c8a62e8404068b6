import { createCanvas, type Canvas, type SKRSContext2D } from '@napi-rs/canvas';
import { cellsCanvas } from './cells.js';
import { inferno } from './colours.js';
import { stretchedMap, type Heatmaps } from './heatmaps.js';
import { drawPanels, PANELS_WIDTH, panelsHeight, type PanelsContent } from './panels.js';
import { FAINT, write, wrap } from './text.js';

/** What a picture of one prediction shows. */
export interface PictureContent {
  title: string;
  subtitle: string;
  panels: PanelsContent;
  heatmaps?: Heatmaps;
  /** The joints' names, as many as there are heatmaps. */
  joints: readonly string[];
  /** Lines of text beneath everything. */
  notes: readonly string[];
}

const MARGIN = 32;
const GAP = 24;
const WIDTH = 2 * MARGIN + PANELS_WIDTH;
const HEADER_HEIGHT = 72;
const CAPTION_HEIGHT = 30;
const MAPS_PER_ROW = 16;
const MAP_GAP = 6;
const MAP_CAPTION_HEIGHT = 18;
const NOTE_HEIGHT = 22;
const NOTE_SIZE = 14;

/**
 * Draws the panels of one prediction, and its heatmaps one by one.
 *
 * @returns a PNG file's bytes.
 */
export function drawPicture(content: PictureContent): Buffer {
  const { panels, heatmaps, notes } = content;
  const { canvas: input } = panels.photo;
  const mapSize = heatmapSize(input.height / input.width);
  const mapRows = Math.ceil((heatmaps?.joints ?? 0) / MAPS_PER_ROW);
  const panelsTop = MARGIN + HEADER_HEIGHT;
  const mapsTop = panelsTop + panelsHeight(panels) + GAP;
  const mapsHeight = mapRows && CAPTION_HEIGHT + mapRows * mapSize.rowHeight;
  const lines = linesOf(notes);
  const notesTop = mapsTop + mapsHeight + GAP;
  const { canvas, context } = page(notesTop + lines.length * NOTE_HEIGHT + MARGIN);
  drawHeader(context, content.title, content.subtitle);
  drawPanels(context, panels, MARGIN, panelsTop);
  if (heatmaps) drawHeatmaps(context, heatmaps, content.joints, mapsTop, mapSize);
  drawNotes(context, lines, notesTop);
  return canvas.toBuffer('image/png');
}

/** What a picture of several predictions shows. */
export interface OverviewContent {
  title: string;
  subtitle: string;
  rows: readonly OverviewRow[];
  /** Lines of text beneath everything. */
  notes: readonly string[];
}

/** The panels of one prediction. */
export interface OverviewRow {
  name: string;
  panels: PanelsContent;
}

/**
 * Draws the panels of several predictions beneath one another.
 *
 * @returns a PNG file's bytes.
 */
export function drawOverview({ title, subtitle, rows, notes }: OverviewContent): Buffer {
  const heights = rows.map(({ panels }) => CAPTION_HEIGHT + panelsHeight(panels) + GAP);
  const notesTop = heights.reduce((sum, one) => sum + one, MARGIN + HEADER_HEIGHT);
  const lines = linesOf(notes);
  const { canvas, context } = page(notesTop + lines.length * NOTE_HEIGHT + MARGIN);
  drawHeader(context, title, subtitle);
  drawNotes(context, lines, notesTop);
  let top = MARGIN + HEADER_HEIGHT;
  rows.forEach(({ name, panels }, i) => {
    write(context, name, MARGIN, top + 16, { size: 16, colour: FAINT, fit: PANELS_WIDTH });
    drawPanels(context, panels, MARGIN, top + CAPTION_HEIGHT);
    top += heights[i];
  });
  return canvas.toBuffer('image/png');
}

function page(height: number): { canvas: Canvas; context: SKRSContext2D } {
  const canvas = createCanvas(WIDTH, Math.ceil(height));
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  return { canvas, context };
}

function drawHeader(context: SKRSContext2D, title: string, subtitle: string): void {
  write(context, title, MARGIN, MARGIN + 26, { size: 26, bold: true, fit: PANELS_WIDTH });
  write(context, subtitle, MARGIN, MARGIN + 54, { size: 15, colour: FAINT, fit: PANELS_WIDTH });
}

function linesOf(notes: readonly string[]): string[] {
  return notes.flatMap((note) => wrap(note, PANELS_WIDTH, NOTE_SIZE));
}

function drawNotes(context: SKRSContext2D, lines: readonly string[], top: number): void {
  lines.forEach((line, i) => {
    write(context, line, MARGIN, top + (i + 0.7) * NOTE_HEIGHT, { size: NOTE_SIZE });
  });
}

interface MapSize {
  width: number;
  height: number;
  rowHeight: number;
}

function heatmapSize(aspect: number): MapSize {
  const width = (PANELS_WIDTH - (MAPS_PER_ROW - 1) * MAP_GAP) / MAPS_PER_ROW;
  const height = width * aspect;
  return { width, height, rowHeight: height + MAP_CAPTION_HEIGHT + MAP_GAP };
}

function drawHeatmaps(
  context: SKRSContext2D,
  heatmaps: Heatmaps,
  joints: readonly string[],
  top: number,
  { width, height, rowHeight }: MapSize,
): void {
  write(context, 'Heatmaps, each from its least to its largest value', MARGIN, top + 20, {
    size: 16,
    bold: true,
  });
  context.imageSmoothingEnabled = false;
  for (let joint = 0; joint < heatmaps.joints; joint++) {
    const x = MARGIN + (joint % MAPS_PER_ROW) * (width + MAP_GAP);
    const y = top + CAPTION_HEIGHT + Math.floor(joint / MAPS_PER_ROW) * rowHeight;
    context.drawImage(jointCanvas(heatmaps, joint), x, y, width, height);
    write(context, joints[joint], x, y + height + 13, { size: 10, colour: FAINT, fit: width });
  }
  context.imageSmoothingEnabled = true;
}

function jointCanvas(heatmaps: Heatmaps, joint: number): Canvas {
  const map = stretchedMap(heatmaps, joint);
  return cellsCanvas(heatmaps.height, heatmaps.width, (cell) => [...inferno(map[cell]), 1]);
}
