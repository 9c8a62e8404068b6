import type { DataId } from '@tensorflow/tfjs-core';

/** What a profile collects of one layer while it is evaluated; see profile.ts. */
export interface LayerRecord {
  readonly name: string;
  readonly inputShapes: number[][];
  readonly outputShape: number[];
  /** Multiply-accumulates of all output pixels. */
  readonly totalMacs: number;
  /** Multiply-accumulates of one output pixel. */
  readonly macsPerPixel: number;
  readonly totalPixels: number;
  readonly filter: DataId | null;
  variant: string;
  activePixels: number;
  milliseconds: number;
  /** How often each output pixel was computed; null unless asked for. */
  computed: Uint8Array | null;
}
