import { liteRt, type LiteRt } from './litert.js';
import { onnxRuntime, type OnnxRuntime } from './onnxruntime.js';
import { peerName, type Peer } from './peer.js';

/** URLs of what the peers in a page are made of. */
export interface PagePeers {
  /** A module of onnxruntime-web, beside which its wasm files lie. */
  onnxRuntime: string;
  /** A module of LiteRT.js, and the folder of its wasm files. */
  liteRt: string;
  liteRtWasm: string;
  /** The folder of the models: `masked` and `dense`, for each runtime. */
  models: string;
}

/**
 * The peers that run in a page: onnxruntime-web and LiteRT.js on one and on `threads` threads, with
 * the published workload and with that network without its mask units.
 */
export async function pagePeers(
  urls: PagePeers,
  picture: Float32Array,
  threads: number,
): Promise<Peer[]> {
  const lite = (await import(urls.liteRt)) as LiteRt;
  await lite.loadLiteRt(urls.liteRtWasm, { threads: true });
  const peers: Peer[] = [];
  for (const count of new Set([1, threads])) {
    // How many threads there are is a setting of the module: a second one for another number.
    const url = `${urls.onnxRuntime}?threads=${count}`;
    const onnx = (await import(url)) as OnnxRuntime;
    onnx.env.wasm.numThreads = count;
    onnx.env.wasm.wasmPaths = new URL('.', new URL(url, location.href)).href;
    for (const isDense of [false, true]) {
      const folder = `${urls.models}/${isDense ? 'dense' : 'masked'}`;
      const common = { isDense, threads: count, picture };
      peers.push(
        onnxRuntime(onnx, {
          ...{ ...common, provider: 'wasm', name: peerName('onnxruntime-web', count, isDense) },
          model: await bytes(`${folder}.onnx`),
        }),
        liteRt(lite, {
          ...{ ...common, name: peerName('LiteRT.js', count, isDense) },
          model: await bytes(`${folder}.tflite`),
        }),
      );
    }
  }
  return peers;
}

async function bytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
