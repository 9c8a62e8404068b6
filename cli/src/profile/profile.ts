import { basename } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { chromeTrace, profile, utilizationOf, version } from 'tfjs-backend-dynconv';
import type {
  LayerProfile,
  Profile,
  ProfileOptions as BackendProfileOptions,
} from 'tfjs-backend-dynconv';
import { readModelCard } from '../model-card.js';
import { readModelFolder } from '../model-folder.js';
import { loadNetwork, type Network } from '../network.js';
import { checkOutputs, writeOutput } from '../output-files.js';
import type { Progress } from '../progress.js';
import { timelineChart } from '../timeline-chart.js';
import { messageOf, UserError } from '../user-error.js';
import { inputsOf, type Inputs } from './inputs.js';
import type { ProfileReport } from './profile-report.js';
import { recordedMasks } from './recorded-masks.js';

/** What `dynconv profile` was asked for. */
export interface ProfileOptions {
  /** The model's folder, or its model.json. */
  model: string;
  image?: string;
  /** Where to write the trace and the chart. */
  out?: string;
  svg?: string;
  /** Where to write what masks kept, for `map` and `simulate`. */
  densities?: string;
  /** Threads in all; undefined: one a core. */
  lanes?: number;
  /** Timed runs with and without skipping. */
  runs: number;
}

/**
 * Profiles a model on dynconv: what its layers took, and what each lane did when.
 *
 * @param complain hears of an image that the model does not take.
 * @throws UserError for a wrong folder, model, image or number of lanes, and where nothing can be
 *   written.
 */
export async function profileModel(
  options: ProfileOptions,
  { progress, complain }: { progress: Progress; complain: (message: string) => void },
): Promise<ProfileReport> {
  progress.stage(`Loading ${options.model}`);
  const folder = await readModelFolder(options.model);
  const card = await readModelCard(folder.folder);
  const { path } = folder;
  checkOutputs(
    [
      ['--out', options.out],
      ['--svg', options.svg],
      ['--densities', options.densities],
    ],
    [...folder.files, ...(options.image === undefined ? [] : [options.image])],
  );
  await startBackend(options.lanes);
  const network = await loadNetwork(folder);
  try {
    const inputs = await inputsOf(network.inputs, { image: options.image, card, path });
    if (inputs.refused !== undefined) {
      progress.clear();
      complain(`${options.image}: ${inputs.refused}, so it is given random values.`);
    }
    progress.stage('Profiling');
    const inputShapes = shapesOf(network, inputs);
    const pixelMaps = options.densities !== undefined;
    const result = await run(network, inputs, { repeats: options.runs, pixelMaps }, path);
    progress.clear();
    const report = describe(result, options, {
      path,
      format: folder.format,
      name: card.name,
      inputs: inputs.sources,
    });
    writeTimeline(result, options, report);
    if (options.densities !== undefined) {
      writeOutput(options.densities, recordedMasks(path, result.layers, inputShapes));
    }
    return report;
  } finally {
    network.dispose();
  }
}

/** The shapes that inputs were given, by name. */
function shapesOf({ inputs }: Network, { tensors }: Inputs): Record<string, number[]> {
  return Object.fromEntries(inputs.map(({ name }, i) => [name.split(':')[0], tensors[i].shape]));
}

async function startBackend(lanes: number | undefined): Promise<void> {
  if (lanes !== undefined) {
    try {
      tf.env().set('DYNCONV_LANES', lanes);
    } catch (error) {
      throw new UserError(`--lanes ${lanes}: ${messageOf(error)}`);
    }
  }
  if (!(await tf.setBackend('dynconv'))) {
    throw new UserError('The backend dynconv does not run on this machine.');
  }
}

async function run(
  network: Network,
  { tensors }: Inputs,
  options: BackendProfileOptions,
  path: string,
): Promise<Profile<unknown>> {
  try {
    return await profile(async () => {
      const outputs = tf.tidy(() => network.run(tensors));
      await Promise.all(outputs.map((output) => output.data()));
      tf.dispose(outputs);
    }, options);
  } catch (error) {
    // What breaks down in the backend is no fault of the model.
    if (error instanceof WebAssembly.RuntimeError) throw error;
    throw new UserError(`The model in ${path} cannot be run: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    tf.dispose(tensors);
  }
}

function describe(
  { layers, macs, timeline, ...times }: Profile<unknown>,
  { runs, out, svg }: ProfileOptions,
  model: ProfileReport['model'],
): ProfileReport {
  const { layers: costs, others, ...utilization } = utilizationOf(timeline);
  return {
    command: 'profile',
    version,
    environment: {
      runtime: `Node ${process.versions.node}`,
      relaxedSimd: tf.env().getBool('DYNCONV_RELAXED_SIMD'),
      lanes: timeline.lanes.length,
    },
    model,
    runs,
    milliseconds: times.milliseconds,
    denseMilliseconds: times.denseMilliseconds,
    macs,
    gains: { theoretical: times.theoreticalGain, measured: times.measuredGain },
    timeline: { ...utilization, kernels: timeline.events.length, lost: timeline.lost },
    layers: layers.map((layer, number) => describeLayer(layer, costs.get(number))),
    others,
    trace: out,
    chart: svg,
  };
}

function describeLayer(
  layer: LayerProfile,
  cost: { waiting: number; lanes: number } | undefined,
): ProfileReport['layers'][number] {
  const { name, weight, variant, outputShape, pixels, macs } = layer;
  const { milliseconds, denseMilliseconds, theoreticalGain, measuredGain } = layer;
  return {
    operation: name,
    weight,
    kernel: variant,
    outputShape,
    pixels,
    macs,
    milliseconds,
    denseMilliseconds,
    waiting: cost?.waiting ?? 0,
    lanes: cost?.lanes ?? 0,
    theoreticalGain,
    measuredGain,
  };
}

function writeTimeline(
  { timeline, layers }: Profile<unknown>,
  { out, svg }: ProfileOptions,
  { model, environment }: ProfileReport,
): void {
  if (out !== undefined) writeOutput(out, JSON.stringify(chromeTrace(timeline, layers)));
  if (svg !== undefined) {
    const title = model.name ?? basename(model.path);
    const source = model.inputs.map(({ source }) => source).join(', ');
    const subtitle = `one prediction of ${source}; ${environment.runtime}`;
    writeOutput(svg, timelineChart(timeline, { title, subtitle, layers }));
  }
}
