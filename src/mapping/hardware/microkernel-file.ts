import * as z from 'zod';
import type { Path } from '../yaml-file.js';
import type { MicrokernelCore } from './microkernel.js';

const CYCLES = z.number().nonnegative();
const RATE = z.number().positive();
const COUNT = z.int().positive();

/** What a hardware file says of a processor's core, besides what ZigZag's format has. */
export const PIPELINE = z.strictObject({
  clock_ghz: RATE,
  multiply_add_latency: CYCLES,
  spilled_latency: CYCLES,
  loads: RATE,
  stores: RATE,
  registers: COUNT,
});

export const MICROKERNEL = z.strictObject({
  name: z.string().min(1),
  operators: z.array(z.string()).min(1),
  vector_loop: z.string(),
  tiles: z.array(z.record(z.string().regex(/^[A-Z]+$/, 'expected a loop, as K'), COUNT)).min(1),
  tile_cycles: CYCLES,
  tap_cycles: CYCLES,
  address_cycles: CYCLES,
});

interface CoreData {
  pipeline?: z.output<typeof PIPELINE> | undefined;
  microkernels?: z.output<typeof MICROKERNEL>[] | undefined;
  operational_array: { dimensions: readonly string[] };
}

/** Notes what a schema cannot say of a core with microkernels. */
export function checkMicrokernels(
  { pipeline, microkernels, operational_array: { dimensions } }: CoreData,
  report: (path: Path, message: string) => void,
): void {
  if (!pipeline && !microkernels) return;
  if (!pipeline) report(['microkernels'], 'microkernels: expected a pipeline beside them');
  if (!microkernels) report(['pipeline'], 'pipeline: expected microkernels beside it');
  if (dimensions.length !== 2) {
    report(
      ['operational_array', 'dimensions'],
      'operational_array.dimensions: expected the lanes of a vector, and vectors a cycle',
    );
  }
  for (const [index, { name, vector_loop, tiles }] of (microkernels ?? []).entries()) {
    for (const [place, tile] of tiles.entries()) {
      if (vector_loop in tile) continue;
      const message = `${name}: expected its vector loop ${vector_loop} in each tile`;
      report(['microkernels', index, 'tiles', place], message);
    }
  }
}

/** A core's microkernels; undefined for accelerators of ZigZag's format. */
export function toMicrokernelCore({
  pipeline,
  microkernels,
}: CoreData): MicrokernelCore | undefined {
  if (!pipeline || !microkernels) return undefined;
  return {
    pipeline: {
      clockGhz: pipeline.clock_ghz,
      multiplyAddLatency: pipeline.multiply_add_latency,
      spilledLatency: pipeline.spilled_latency,
      loads: pipeline.loads,
      stores: pipeline.stores,
      registers: pipeline.registers,
    },
    microkernels: microkernels.map((kernel) => ({
      name: kernel.name,
      operators: kernel.operators,
      vectorLoop: kernel.vector_loop,
      tiles: [...kernel.tiles].sort(
        (a, b) => (b[kernel.vector_loop] ?? 1) - (a[kernel.vector_loop] ?? 1),
      ),
      tileCycles: kernel.tile_cycles,
      tapCycles: kernel.tap_cycles,
      addressCycles: kernel.address_cycles,
    })),
  };
}
