/** What microkernels cost besides their steps: measured on shapes that no network has. */
import {
  mark,
  modules,
  placeCommand,
  placeFloats,
  placeWeights,
  race,
  scratch,
  windowFields,
} from './kernel-harness.mjs';

const CONVOLUTIONS = ['Conv', 'Decision'];

/** The microkernels, and into which tiles they cut layers (kernels/igemm*.ts, dwconv*.ts). */
export const MICROKERNELS = [
  {
    name: 'f32_igemm_6x8',
    arrays: ['main', 'side'],
    operators: CONVOLUTIONS,
    vectorLoop: 'K',
    tiles: [
      { OX: 6, K: 8 },
      { OX: 8, K: 4 },
    ],
  },
  {
    name: 'f32_igemm_6x16',
    arrays: ['main', 'side'],
    operators: CONVOLUTIONS,
    vectorLoop: 'K',
    tiles: [
      { OX: 6, K: 16 },
      { OX: 8, K: 8 },
      { OX: 8, K: 4 },
    ],
  },
  {
    name: 'f32_igemm_1x32',
    arrays: ['main', 'side'],
    operators: CONVOLUTIONS,
    vectorLoop: 'K',
    tiles: [
      { OX: 1, K: 32 },
      { OX: 1, K: 16 },
      { OX: 1, K: 8 },
      { OX: 1, K: 4 },
    ],
  },
  {
    name: 'f32_igemm_4x1',
    arrays: ['main', 'side'],
    operators: CONVOLUTIONS,
    vectorLoop: 'C',
    // Two vectors of input channels a row.
    tiles: [{ OX: 4, C: 8 }],
  },
  {
    name: 'f32_dwconv_8x4',
    arrays: ['side'],
    operators: ['DepthwiseConv'],
    vectorLoop: 'G',
    tiles: [{ OX: 8, G: 4 }],
  },
];

/** Whole tiles of any height, in one block. */
const SIDE = 12;
const ROWS = SIDE * SIDE;
/** For a depthwise convolution: no tile goes from one line to the next. */
const DEPTHWISE_SIDE = 16;
const DEPTHWISE_ROWS = DEPTHWISE_SIDE * DEPTHWISE_SIDE;
/** Output channels of a shape with many, and the fewest tiles along them. */
const MANY_CHANNELS = 64;
const FEWEST_TILES = 4;
const [SHALLOW, DEEP] = [16, 48];
const KERNEL = 3;
const TAPS = KERNEL ** 2;

function convolution(kernel, size, from, to) {
  const taps = size * size;
  const command = placeCommand({
    ...{ InBase: placeFloats(ROWS * from), InStride: from * 4, InChannels: from },
    ...{ OutBase: placeFloats(ROWS * to), OutStride: to * 4, OutChannels: to },
    ...windowFields(SIDE, SIDE, size),
    Weights: placeWeights(kernel, taps, from, to),
    RowBlock: ROWS,
  });
  return () => modules.relaxed[kernel](command, 0, ROWS, scratch);
}

function depthwise(name, size, channels) {
  const [side, rows] = [DEPTHWISE_SIDE, DEPTHWISE_ROWS];
  const command = placeCommand({
    ...{ InBase: placeFloats(rows * channels), InStride: channels * 4, InChannels: channels },
    ...{ OutBase: placeFloats(rows * channels), OutStride: channels * 4, OutChannels: channels },
    ...windowFields(side, side, size),
    ...{ Weights: placeFloats(size * size * channels), Bias: placeFloats(channels) },
  });
  return () => modules.relaxed[name](command, 0, rows, scratch);
}

/** Cycles of runs. */
function cyclesOf(runs, { clock }) {
  return race(runs, { rounds: 40 }).map((milliseconds) => milliseconds * 1e6 * clock);
}

/**
 * Solves the times of a few shapes for the cycles of a tile, of a tap and of an address.
 *
 * @returns {{tileCycles: number, tapCycles: number, addressCycles: number}}
 */
export function calibrate({ name, vectorLoop, tiles: [tile] }, pipeline) {
  const free = mark();
  const result =
    vectorLoop === 'G'
      ? calibrateDepthwise(name, tile, DEPTHWISE_ROWS / tile.OX, pipeline)
      : calibrateConvolution(name, tile, ROWS / tile.OX, pipeline);
  free();
  return Object.fromEntries(
    Object.entries(result).map(([key, cycles]) => [key, Math.max(0, cycles)]),
  );
}

function calibrateConvolution(name, tile, rowTiles, pipeline) {
  const width = tile.K ?? 1;
  const tiles = Math.max(FEWEST_TILES, MANY_CHANNELS / width);
  const [shallow, deep, wide, narrow] = cyclesOf(
    [
      convolution(name, 1, SHALLOW, tiles * width),
      convolution(name, 1, DEEP, tiles * width),
      convolution(name, KERNEL, SHALLOW, tiles * width),
      convolution(name, KERNEL, SHALLOW, width),
    ],
    pipeline,
  );
  const many = rowTiles * tiles;
  // A tile of one tap costs tile + tap + depth * step.
  const step = (deep - shallow) / many / (DEEP - SHALLOW);
  const tileOfAllTaps = (wide - narrow) / (rowTiles * (tiles - 1));
  const addressCycles = (narrow - rowTiles * tileOfAllTaps) / (ROWS * TAPS);
  const tileOfOneTap = (shallow - ROWS * addressCycles) / many;
  const tapCycles = (tileOfAllTaps - tileOfOneTap - (TAPS - 1) * SHALLOW * step) / (TAPS - 1);
  return {
    tileCycles: tileOfOneTap - tapCycles - SHALLOW * step,
    tapCycles,
    addressCycles,
  };
}

/** A step of a depthwise tile is a tap, and waits for the one before it. */
function calibrateDepthwise(name, tile, rowTiles, pipeline) {
  const [fewTiles, manyTiles] = [2, 8];
  const [few, many] = cyclesOf(
    [fewTiles, manyTiles].map((tiles) => depthwise(name, KERNEL, tiles * tile.G)),
    pipeline,
  );
  const cycles = (many - few) / (rowTiles * (manyTiles - fewTiles));
  return {
    tileCycles: cycles - TAPS * pipeline.multiplyAddLatency,
    tapCycles: 0,
    addressCycles: (few - fewTiles * rowTiles * cycles) / (DEPTHWISE_ROWS * TAPS),
  };
}
