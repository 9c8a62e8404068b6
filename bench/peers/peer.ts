/** Another runtime with a network: what dynconv is compared with. */
export interface Peer {
  /** Such as "onnxruntime-node, 2 threads". */
  name: string;
  /** It runs the network without its mask units, so its output is another. */
  isDense: boolean;
  load: () => Promise<PeerNetwork>;
}

/** A network that a peer has loaded. */
export interface PeerNetwork {
  /** One prediction, copied out. */
  predict(): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** The shape of the picture that is predicted on, channels last, a batch of one. */
export const PICTURE_SHAPE = [1, 256, 256, 3] as const;

/** A peer's name, such as "LiteRT.js, 2 threads, no masks". */
export function peerName(runtime: string, threads: number, isDense: boolean): string {
  const count = threads === 1 ? '1 thread' : `${threads} threads`;
  return `${runtime}, ${count}${isDense ? ', no masks' : ''}`;
}
