import * as tf from '@tensorflow/tfjs-core';
import { onnxModel } from '../peers/onnx-model.js';
import { onnxRuntime, type OnnxRuntime } from '../peers/onnxruntime.js';
import { peerName, type Peer } from '../peers/peer.js';
import { workloadArtifacts } from './host.js';
import { installPeers, peerFile } from './peer-packages.js';

/**
 * The peers that run in Node: native ONNX Runtime on one and on `threads` threads, with the
 * published workload and with that network without its mask units.
 *
 * @param install whether to fetch what is not installed.
 * @throws Error that says what to do when it is not installed.
 */
export async function nodePeers(
  picture: Float32Array,
  { install, threads }: { install: boolean; threads: number },
): Promise<Peer[]> {
  if (install) await installPeers();
  const url = peerFile('onnxruntime-node', 'dist/index.js');
  const { default: runtime } = (await import(url)) as { default: OnnxRuntime };
  const artifacts = await workloadArtifacts();
  // The filters are turned on it.
  await tf.setBackend('wasm');
  const peers: Peer[] = [];
  for (const isDense of [false, true]) {
    const model = onnxModel(artifacts, { masks: !isDense });
    for (const count of new Set([1, threads])) {
      const name = peerName('onnxruntime-node', count, isDense);
      const options = { name, isDense, provider: 'cpu', threads: count, model, picture } as const;
      peers.push(onnxRuntime(runtime, options));
    }
  }
  return peers;
}
