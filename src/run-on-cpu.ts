import type { DataId, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from './backend.js';
import { cpuBackend, cpuKernel } from './cpu-backend.js';
import { mapTensors } from './kernel-inputs.js';

/**
 * Runs a kernel of the cpu backend on tensors of this backend: copies the inputs over, and the
 * outputs back.
 */
export function runOnCpu(
  name: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap | undefined,
  backend: DynconvBackend,
): TensorInfo | TensorInfo[] {
  const kernel = cpuKernel(name);
  if (!kernel) throw new Error(`the cpu backend has no kernel ${name}`);
  const cpu = cpuBackend();
  /** What is on the cpu backend for this call alone. */
  const guests: DataId[] = [];
  const lend = (info: TensorInfo): TensorInfo => {
    // Some kernels ask for what tensors have besides: their rank, say.
    const as = (dataId: DataId) => Object.create(info, { dataId: { value: dataId } }) as TensorInfo;
    const { cpuId } = backend.slot(info.dataId);
    if (cpuId) return as(cpuId);
    const dataId = cpu.write(backend.readSync(info.dataId), info.shape, info.dtype);
    guests.push(dataId);
    return as(dataId);
  };
  const bring = ({ dataId, shape, dtype }: TensorInfo): TensorInfo => {
    if (dtype !== 'complex64') {
      return { dataId: backend.write(cpu.readSync(dataId), shape, dtype), shape, dtype };
    }
    guests.splice(guests.indexOf(dataId), 1);
    return backend.adoptCpu(dataId, shape, dtype);
  };
  const { result, error } = backend.attempt(() => {
    const results = kernel.kernelFunc({
      inputs: mapTensors(inputs, lend),
      attrs: attrs ?? {},
      backend: cpu,
    });
    guests.push(...[results].flat().map(({ dataId }) => dataId));
    return Array.isArray(results) ? results.map(bring) : bring(results);
  });
  for (const dataId of guests) cpu.disposeData(dataId);
  if (!result) throw error;
  return result;
}
