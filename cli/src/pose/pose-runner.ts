import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { CaptureError, profile, type LayerProfile, type Timeline } from 'tfjs-backend-dynconv';
import { contest, type Contestant } from '../contest.js';
import type { ModelFolder, ModelFormat } from '../model-folder.js';
import type { Progress } from '../progress.js';
import { largestDifference, spread, type Spread } from '../statistics.js';
import { UserError } from '../user-error.js';
import { loadPoseModel, type PoseInput, type PoseModel } from './pose-model.js';
import type { Prediction } from './prediction.js';

/** What one picture's predictions gave. */
export interface PoseRun {
  prediction: Prediction;
  profile: {
    layers: LayerProfile[];
    macs: { total: number; executed: number };
    timeline: Timeline;
  };
  /** The name of a convolution's filter in the model (see `LayerProfile.filter`). */
  weightName: (filter: object) => string | undefined;
  /** Milliseconds of one prediction, input and output copied. */
  timings: Timings;
  /** How well wasm and dynconv agree; undefined without comparison. */
  agreement?: { difference: number | null; tolerance: number; agree: boolean };
}

/** How long a prediction takes; all but `dynconv` only in comparison. */
export interface Timings {
  wasm?: Spread;
  /** On dynconv, with every pixel computed. */
  dense?: Spread;
  dynconv: Spread;
  /** The same two by captured kernels. */
  capturedDense?: Spread;
  captured?: Spread;
}

/** Runs before any is timed. */
const WARMUP_RUNS = 3;
/**
 * Milliseconds of them before a network's first times: engines compile what ran dozens of times. A third of them before those of further
 * pictures: a profile came between, and masks differ.
 */
const WARMUP_TIME = 1500;
/** The largest difference between the backends' outputs, over the largest value. */
const TOLERANCE = 1e-4;

/** One network, loaded on `dynconv` and on the backend it is compared with. */
export class PoseRunner {
  private isWarm = false;

  private constructor(
    readonly format: ModelFormat,
    readonly path: string,
    private readonly dynconv: PoseModel,
    private readonly wasm: PoseModel | undefined,
  ) {}

  /**
   * Loads the network.
   *
   * @param compare whether to load it on `wasm`, too.
   * @throws UserError when it is no pose network.
   */
  static async load(folder: ModelFolder, compare: boolean): Promise<PoseRunner> {
    // A model's weights live on the backend that is current when it loads.
    const wasm = compare ? await loadOn('wasm', folder) : undefined;
    return new PoseRunner(folder.format, folder.path, await loadOn('dynconv', folder), wasm);
  }

  /** Height of the network's input in pixels. */
  get height(): number {
    return this.dynconv.height;
  }

  /** Width of the network's input in pixels. */
  get width(): number {
    return this.dynconv.width;
  }

  /**
   * Runs the network on a picture, float32 [height, width, 3]: profiled once, timed `runs` times.
   *
   * @throws UserError when what comes out is no pose, or not finite.
   */
  async run(picture: Float32Array, runs: number, progress: Progress): Promise<PoseRun> {
    const { dynconv, wasm } = this;
    progress.stage('Predicting');
    const prediction = await this.predictOn('dynconv', dynconv, picture);
    const reference = wasm && (await this.predictOn('wasm', wasm, picture));
    if (!(reference ?? prediction).values.every(Number.isFinite)) {
      throw new UserError(
        `The model in ${this.path} gives NaN or Infinity: its weights are damaged, ` +
          `or the input in its dynconv.json is not the one that it was trained on.`,
      );
    }
    const agreement = reference && agreementOf(prediction, reference);

    progress.stage('Timing');
    const input = dynconv.inputOf(picture);
    const contestant = (
      name: string,
      run: () => Promise<unknown>,
      backend = 'dynconv',
    ): Contestant => ({
      name,
      prepare: async () => {
        await tf.setBackend(backend);
      },
      warmup: WARMUP_RUNS,
      warmupTime: this.isWarm ? WARMUP_TIME / 3 : WARMUP_TIME,
      runs,
      run: async () => {
        await run();
      },
    });
    const contestants = [contestant('dynconv', () => dynconv.run(input))];
    if (wasm) {
      contestants.push(
        contestant('dense', () => dense(() => dynconv.run(input))),
        contestant('wasm', () => wasm.run(input), 'wasm'),
      );
      if (await this.canBeCaptured(input)) {
        contestants.push(
          contestant('captured', () => dynconv.runCaptured(input)),
          contestant('capturedDense', () => dense(() => dynconv.runCaptured(input))),
        );
      }
    }
    const times = await contest(contestants, (done, total) => {
      progress.step(done, total);
    });
    this.isWarm = true;
    const timing = (name: string): Spread | undefined => {
      const values = times.get(name);
      return values && spread(values);
    };

    progress.stage('Profiling');
    await tf.setBackend('dynconv');
    const { layers, macs, timeline } = await profile(
      () => this.predictOn('dynconv', dynconv, picture),
      {
        pixelMaps: true,
      },
    );
    return {
      prediction,
      profile: { layers, macs, timeline },
      weightName: dynconv.weightName,
      timings: {
        dynconv: spread(times.get('dynconv') ?? []),
        dense: timing('dense'),
        wasm: timing('wasm'),
        captured: timing('captured'),
        capturedDense: timing('capturedDense'),
      },
      agreement,
    };
  }

  /** Frees the weights on both backends. */
  dispose(): void {
    this.dynconv.dispose();
    this.wasm?.dispose();
  }

  private async canBeCaptured(input: PoseInput): Promise<boolean> {
    try {
      await tf.setBackend('dynconv');
      await this.dynconv.runCaptured(input);
      return true;
    } catch (error) {
      if (error instanceof UserError && error.cause instanceof CaptureError) return false;
      throw error;
    }
  }

  private async predictOn(
    backend: string,
    model: PoseModel,
    picture: Float32Array,
  ): Promise<Prediction> {
    if (tf.getBackend() !== backend) await tf.setBackend(backend);
    return model.predict(picture);
  }
}

/** Has every pixel computed with the same kernels: the honest dense baseline. */
async function dense<T>(predict: () => Promise<T>): Promise<T> {
  tf.env().set('DYNCONV_SKIP', false);
  try {
    return await predict();
  } finally {
    tf.env().set('DYNCONV_SKIP', true);
  }
}

async function loadOn(backend: string, folder: ModelFolder): Promise<PoseModel> {
  if (!(await tf.setBackend(backend))) {
    throw new UserError(`The backend ${backend} does not run on this machine.`);
  }
  return loadPoseModel(folder);
}

function agreementOf(ours: Prediction, theirs: Prediction): PoseRun['agreement'] {
  const difference = largestDifference(ours.values, theirs.values);
  return {
    difference: Number.isFinite(difference) ? difference : null,
    tolerance: TOLERANCE,
    agree: difference <= TOLERANCE,
  };
}
