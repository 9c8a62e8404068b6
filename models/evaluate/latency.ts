import { cpus } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import { contest, type Contestant } from '../../cli/src/contest.js';
import { loadPoseModel, type PoseInput } from '../../cli/src/pose/pose-model.js';
import { quantile } from '../../cli/src/statistics.js';
import { inputOf, type TestSplit } from './benchmark.js';
import { checkSize, type TrainedModel } from './evaluation.js';

const BACKENDS = ['dynconv', 'wasm'] as const;
const WARMUP_RUNS = 10;

/** Milliseconds of one prediction at batch 1, input and output copied, over the test images. */
export interface Latency {
  medianMs: number;
  p10: number;
  p90: number;
}

/** What `--latency` writes. */
export interface LatencyReport {
  machine: string;
  node: string;
  runs: number;
  models: Record<string, Record<(typeof BACKENDS)[number], Latency>>;
}

/**
 * Times all models on all backends in turns. In each turn all have the same image, and every turn has
 * another one, for masks differ from image to image.
 */
export async function measureLatency(
  models: readonly TrainedModel[],
  split: TestSplit,
  runs: number,
  onRun: (done: number, total: number) => void,
): Promise<LatencyReport> {
  const contestants: Contestant[] = [];
  for (const backend of BACKENDS) {
    await tf.setBackend(backend);
    for (const { name, folder, card } of models) {
      const model = await loadPoseModel(folder);
      checkSize(folder.path, [model.height, model.width], split.size);
      let image: PoseInput;
      let turn = 0;
      contestants.push({
        name: `${name} ${backend}`,
        warmup: WARMUP_RUNS,
        runs,
        prepare: async () => {
          image = model.inputOf(inputOf(split, turn++ % split.count, card.input));
          await tf.setBackend(backend);
        },
        run: async () => {
          await model.run(image);
        },
      });
    }
  }
  const times = await contest(contestants, onRun);
  const latency = (name: string, backend: string): Latency => {
    const values = times.get(`${name} ${backend}`) ?? [];
    return {
      medianMs: quantile(values, 0.5),
      p10: quantile(values, 0.1),
      p90: quantile(values, 0.9),
    };
  };
  const processors = cpus();
  return {
    machine: `${processors[0]?.model.trim() ?? 'unknown processor'}, ${processors.length} cores`,
    node: `${process.version}, ${tf.env().getBool('DYNCONV_RELAXED_SIMD') ? 'relaxed' : 'plain'} SIMD`,
    runs,
    models: Object.fromEntries(
      models.map(({ name }) => [
        name,
        { dynconv: latency(name, 'dynconv'), wasm: latency(name, 'wasm') },
      ]),
    ),
  };
}
