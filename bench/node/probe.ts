/**
 * One measurement in a fresh process, printed as JSON: see memory.ts. Everything is imported
 * dynamically, because the time that importing takes is part of what is measured.
 */
import type { ProbeOptions, ProbeResult } from './memory.js';

const start = performance.now();
const { backend, model, picture } = JSON.parse(process.argv[2]) as ProbeOptions;
const tf = await import('@tensorflow/tfjs-core');
if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
else await import('tfjs-backend-dynconv');
await tf.setBackend(backend);
const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
const { readFile } = await import('node:fs/promises');

const input = new Float32Array(new Uint8Array(await readFile(picture)).buffer);
const loaded = await loadGraphModel({ load: () => readArtifacts(model) });
const [, height, width] = loaded.inputs[0].shape ?? [];
let firstResult = 0;
for (let run = 0; run < 3; run++) {
  const x = tf.tensor4d(input, [1, height, width, 3]);
  const output = loaded.predict(x);
  for (const tensor of output instanceof tf.Tensor ? [output] : Object.values(output)) {
    await tensor.data();
  }
  tf.dispose([x, output]);
  if (run === 0) firstResult = performance.now() - start;
}
const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
const result: ProbeResult = { firstResult, heapBytes: wasm.HEAPU8.byteLength };
process.stdout.write(JSON.stringify(result));

/** A model's files without any check: quick, so that it does not hide the backends' own times. */
async function readArtifacts(
  folder: string,
): Promise<import('@tensorflow/tfjs-core').io.ModelArtifacts> {
  const json = JSON.parse(await readFile(`${folder}/model.json`, 'utf8')) as {
    modelTopology: object;
    format: string;
    signature: object;
    weightsManifest: {
      paths: string[];
      weights: import('@tensorflow/tfjs-core').io.WeightsManifestEntry[];
    }[];
  };
  const shards = await Promise.all(
    json.weightsManifest.flatMap(({ paths }) => paths.map((path) => readFile(`${folder}/${path}`))),
  );
  return {
    modelTopology: json.modelTopology,
    format: json.format,
    signature: json.signature,
    weightSpecs: json.weightsManifest.flatMap(({ weights }) => weights),
    weightData: new Uint8Array(Buffer.concat(shards)).buffer,
  };
}
