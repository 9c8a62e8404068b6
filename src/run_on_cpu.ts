import { getKernel } from '@tensorflow/tfjs-core';
import type { DataId, NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { DynconvBackend } from './backend.js';
import { cpuBackend } from './cpu_backend.js';

/** The tensors among a kernel's inputs; an input may be one tensor, a list of them, or absent. */
export function tensorsOf(inputs: NamedTensorInfoMap): TensorInfo[] {
  const tensors: TensorInfo[] = [];
  for (const name in inputs) {
    const input = inputs[name] as TensorInfo | TensorInfo[] | null | undefined;
    if (Array.isArray(input)) tensors.push(...input);
    else if (input) tensors.push(input);
  }
  return tensors;
}

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
  const kernel = getKernel(name, 'cpu');
  const cpu = cpuBackend();
  const copies: DataId[] = [];
  const copy = (info: TensorInfo): TensorInfo => {
    const { cpuId } = backend.slot(info.dataId);
    if (cpuId) return { ...info, dataId: cpuId };
    const dataId = cpu.write(backend.readSync(info.dataId), info.shape, info.dtype);
    copies.push(dataId);
    return { ...info, dataId };
  };
  const there: NamedTensorInfoMap = {};
  for (const [key, input] of Object.entries(inputs) as [string, TensorInfo | TensorInfo[]][]) {
    if (input) there[key] = (Array.isArray(input) ? input.map(copy) : copy(input)) as TensorInfo;
  }
  const back = (info: TensorInfo): TensorInfo => {
    const { dataId, shape, dtype } = info;
    if (dtype === 'complex64') return backend.adoptCpu(dataId, shape, dtype);
    const values = cpu.readSync(dataId);
    const result = { dataId: backend.write(values, shape, dtype), shape, dtype };
    cpu.disposeData(dataId);
    return result;
  };
  try {
    const results = kernel.kernelFunc({ inputs: there, attrs: attrs ?? {}, backend: cpu });
    return Array.isArray(results) ? results.map(back) : back(results);
  } finally {
    for (const dataId of copies) cpu.disposeData(dataId);
  }
}
