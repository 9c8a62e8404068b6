import type { LayerProfile } from 'tfjs-backend-dynconv';
import {
  bitmapOf,
  InputError,
  recordedDensities,
  type Bitmap,
  type Layer,
} from 'tfjs-backend-dynconv/mapping';
import { readWorkload } from '../map/inputs.js';
import { UserError } from '../user-error.js';

/**
 * What a model's masks kept in a profiled run, as the file that `map` and `simulate` take with
 * `--densities`.
 *
 * @param path the model's folder
 * @param layers of the profile, with their maps of pixels
 * @param inputShapes of the run, by the input's name
 * @throws UserError for more than one image, and for a model that the mapping explorer cannot read
 */
export function recordedMasks(
  path: string,
  layers: readonly LayerProfile[],
  inputShapes: Record<string, number[]>,
): string {
  const network = readNetwork(path, inputShapes);
  const recorded = new Map<string, Bitmap>();
  for (const layer of network.layers) {
    const own = layers.find(({ weight }) => weight !== undefined && isFilterOf(weight, layer));
    if (!own?.computed) continue;
    const [images, rows, columns] = own.outputShape;
    if (images !== 1) {
      throw new UserError(`--densities: a run of ${images} images; masks are recorded of one.`);
    }
    recorded.set(layer.name, bitmapOf(rows, columns, own.computed));
  }
  return `${JSON.stringify(recordedDensities(network, recorded), null, 1)}\n`;
}

function readNetwork(path: string, inputShapes: Record<string, number[]>) {
  try {
    return readWorkload(path, inputShapes);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new UserError(`--densities: ${error.message.split('\n')[0]}`);
  }
}

/** Graph models name a layer's filter; those of layers models are named after the layer. */
function isFilterOf(weight: string, { name, filter }: Layer): boolean {
  return filter === undefined ? weight.startsWith(`${name}/`) : weight === filter;
}
