import { io, tensor, type Tensor } from '@tensorflow/tfjs-core';
import { assetBytes } from './environment.js';

/**
 * A handler that loads a converted model of the project, in Node as in a browser, for
 * `loadGraphModel` and `loadLayersModel`.
 *
 * @param folder the folder with its model.json, relative to the project's root
 */
export function modelIn(folder: string): io.IOHandler {
  return {
    async load() {
      const text = new TextDecoder().decode(await assetBytes(`${folder}/model.json`));
      return io.getModelArtifactsForJSON(JSON.parse(text) as io.ModelJSON, async (manifest) => {
        const shards = await Promise.all(
          manifest
            .flatMap(({ paths }) => paths)
            .map(async (path) => (await assetBytes(`${folder}/${path}`)).buffer),
        );
        return [io.getWeightSpecs(manifest), shards];
      });
    },
  };
}

/**
 * A float32 tensor from a file of little-endian float32 numbers.
 *
 * @param path relative to the project's root
 * @param shape the tensor's shape
 */
export async function tensorIn(path: string, shape: number[]): Promise<Tensor> {
  return tensor(new Float32Array((await assetBytes(path)).buffer), shape, 'float32');
}
