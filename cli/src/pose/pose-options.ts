/** What `dynconv pose` was asked for. */
export interface PoseOptions {
  /** Image files, and folders of them; at least one. */
  images: readonly string[];
  /** The network's folder, or its model.json. */
  network: string;
  /**
   * The PNG to write; with several images, or where there is such a folder, the folder for the
   * pictures. Undefined: the working directory.
   */
  out?: string;
  /** Timed runs of each contestant. */
  runs: number;
  /** Whether to run on wasm, and on dynconv computing every pixel, too. */
  compare: boolean;
  /** The least score of a joint that is taken as found. */
  minScore: number;
  /** Whether to report layer by layer, too. */
  layers?: boolean;
}
