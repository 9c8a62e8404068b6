import type { DataType, KernelConfig, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import type { PixelSet } from '../graph/pixels.js';
import { Rows } from '../graph/rows.js';

/**
 * Runs one of tfjs-backend-wasm's elementwise kernels on computed rows, as if they were a tensor of
 * shape [rows, channels]: same code, same bits, fewer pixels. Releases the rows.
 */
export function runOnRows(
  backend: DynconvBackend,
  wasm: KernelConfig,
  inputs: Record<string, Rows>,
  attrs: NamedAttrMap,
  set: PixelSet,
  channels: number,
): Rows {
  const tensors: Record<string, TensorInfo> = {};
  for (const [name, rows] of Object.entries(inputs)) {
    const shape = rows.set.total === 1 ? [rows.channels] : [rows.set.count, rows.channels];
    // A number of rank 0 takes the kernels' fast path.
    if (rows.set.total === 1 && rows.channels === 1) shape.pop();
    tensors[name] = backend.lend(rows.pointer, shape, rows.dtype);
  }
  const { result, error } = backend.attempt(
    () => wasm.kernelFunc({ inputs: tensors, attrs, backend }) as TensorInfo,
  );
  for (const tensor of Object.values(tensors)) backend.takeBack(tensor);
  if (!result) throw error;
  const dtype: DataType = result.dtype;
  const pointer = backend.runtime.arena.adopt(backend.takeBack(result));
  for (const rows of Object.values(inputs)) rows.release();
  return Rows.computed(backend.runtime, set, channels, dtype, pointer);
}
