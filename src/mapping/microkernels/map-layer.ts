import type { Accelerator, Memory } from '../hardware/accelerator.js';
import { portOf } from '../cost/links.js';
import type { MemoryActivity } from '../cost/report.js';
import { compareCosts, type Objective } from '../search/objective.js';
import type { LayerMapping, MicrokernelChoice } from '../search/search.js';
import { macs, type Layer } from '../workload/layer.js';
import { cacheTraffic, type CacheTraffic } from './cache-traffic.js';
import { foldWidth } from './fold-width.js';
import type { Microkernel, MicrokernelCore } from '../hardware/microkernel.js';
import { tileRows } from '../hardware/microkernel.js';
import type { VectorUnits } from './step-cycles.js';
import { extentsOf, tilingsOf, type Extents, type Tiling } from './tiling.js';

/** Rows of a block that are tried, the customary first. */
const ROW_BLOCKS = [64, 128, 32, 256, 16];

/** A layer's mapping on a core with microkernels. */
export type MicrokernelMapping = LayerMapping & { readonly microkernel: MicrokernelChoice };

/** A core that is described with its microkernels. */
export type MicrokernelAccelerator = Accelerator & { readonly microkernelCore: MicrokernelCore };

export function hasMicrokernels(accelerator: Accelerator): accelerator is MicrokernelAccelerator {
  return accelerator.microkernelCore !== undefined;
}

/** The microkernels of a core for a layer. */
export function microkernelsFor({ microkernelCore }: Accelerator, layer: Layer): Microkernel[] {
  const all = microkernelCore?.microkernels ?? [];
  return all.filter(({ operators }) => operators.includes(layer.type));
}

/**
 * Maps a layer by each microkernel that computes its operator, under each temporal mapping: the best
 * one of each microkernel, the best first. Times are the execution-cache-memory model's (Treibig and
 * Hager, "Introducing a Performance Model for Bandwidth-Limited Loop Kernels", 2009): the core's units
 * and the caches work side by side, and the slowest counts.
 *
 * @param dense whether every pixel is computed, so that a filter's width may be folded
 */
export function mapOnMicrokernels(
  layer: Layer,
  accelerator: MicrokernelAccelerator,
  objective: Objective,
  dense: boolean,
): MicrokernelMapping[] {
  const folded = dense ? foldWidth(layer) : undefined;
  return microkernelsFor(accelerator, layer)
    .map((microkernel) => {
      const ways = ROW_BLOCKS.flatMap((rowBlock) => [
        evaluate(layer, accelerator, microkernel, { rowBlock, copied: undefined }),
        ...(folded
          ? [evaluate(folded.layer, accelerator, microkernel, { rowBlock, copied: folded.copied })]
          : []),
      ]);
      return ways.reduce((best, way) => (compareCosts(way, best, objective) < 0 ? way : best));
    })
    .sort((a, b) => compareCosts(a, b, objective));
}

/** A temporal mapping. */
interface Way {
  readonly rowBlock: number;
  /** Vectors of the padded copy that folding takes; undefined without folding. */
  readonly copied: number | undefined;
}

function evaluate(
  layer: Layer,
  accelerator: MicrokernelAccelerator,
  microkernel: Microkernel,
  { rowBlock, copied }: Way,
): MicrokernelMapping {
  const [lanes, units] = accelerator.array.dimensions;
  const vectors: VectorUnits = { lanes: lanes.size, multiplyAdds: units.size };
  const { pipeline } = accelerator.microkernelCore;
  const extents = extentsOf(layer);
  const tilings = tilingsOf(layer, extents, microkernel, vectors, pipeline);
  const copying = ((copied ?? 0) / vectors.lanes) * (1 / pipeline.loads + 1 / pipeline.stores);
  const computation = computationCycles(extents, tilings, microkernel) + copying;
  const traffic = cacheTraffic(layer, extents, tilings, accelerator, rowBlock);
  const latency = Math.max(computation, ...traffic.map(({ cycles }) => cycles));
  const multiplied = macs(layer);
  const ideal = multiplied / (vectors.lanes * vectors.multiplyAdds);
  const memories = traffic.flatMap(memoryActivity);
  const macEnergy = multiplied * accelerator.array.unitEnergy;
  return {
    latency,
    energy: memories.reduce((sum, { energy }) => sum + energy, macEnergy),
    utilization: ideal / latency,
    cycles: {
      ideal,
      spatialStall: computation - ideal,
      computation,
      temporalStall: latency - computation,
      onloading: 0,
      offloading: 0,
      draining: 0,
    },
    macEnergy,
    memories,
    spatialMapping: spatialMappingOf(tilings[0]),
    temporalMapping: temporalMappingOf(accelerator, extents, tilings, rowBlock),
    microkernel: { name: microkernel.name, rowBlock, foldWidth: copied !== undefined },
  };
}

function computationCycles(
  { rows, taps }: Extents,
  tilings: readonly Tiling[],
  { tileCycles, tapCycles, addressCycles }: Microkernel,
): number {
  return tilings.reduce(
    (sum, { along, steps, stepCycles }) =>
      sum + along[0] * along[1] * (tileCycles + taps * (tapCycles + steps * stepCycles)),
    rows * taps * addressCycles,
  );
}

function memoryActivity({ memory, bits }: CacheTraffic): MemoryActivity[] {
  return (['O', 'W', 'I'] as const).map((operand) => {
    const port = portOf(memory, 'I1', 'tl');
    const words = bits[operand] / (port?.bandwidthMax ?? 1);
    const isOutput = operand === 'O';
    return {
      memory: memory.name,
      operand,
      energy: words * (isOutput ? memory.writeCost : memory.readCost),
      words: { tl: isOutput ? 0 : words, fl: isOutput ? words : 0, th: 0, fh: 0 },
      bits: bits[operand],
    };
  });
}

/** The tile: what the lanes of vectors and the registers of sums cover. */
function spatialMappingOf({ tile }: Tiling): LayerMapping['spatialMapping'] {
  const unrollings = Object.entries(tile).map(([dim, factor]) => ({ dim, factor }));
  return [{ dimension: 'tile', unrollings }];
}

/** Sums stay in registers over all of an output's inputs; a panel passes a block of rows. */
function temporalMappingOf(
  { memories }: Accelerator,
  { rows, taps, depth }: Extents,
  tilings: readonly Tiling[],
  rowBlock: number,
): LayerMapping['temporalMapping'] {
  const [{ tile, steps }] = tilings;
  const inBlock = Math.ceil(Math.min(rows, rowBlock) / tileRows(tile));
  const panels = tilings.reduce((sum, { along }) => sum + along[1], 0);
  const reduction = [
    { dim: 'C', size: Math.min(steps, depth) },
    { dim: 'FX*FY', size: taps },
  ];
  const block = [
    { dim: 'OX', size: inBlock },
    { dim: 'K', size: panels },
  ];
  const blocks = [{ dim: 'OX', size: Math.ceil(rows / rowBlock) }];
  const names = memories.map(({ name }: Memory) => name);
  const levels = [reduction, block, blocks].map((loops, level) => ({
    memory: names[level] ?? names[names.length - 1],
    loops: loops.filter(({ size }) => size > 1),
  }));
  return { O: levels, W: levels, I: levels };
}
