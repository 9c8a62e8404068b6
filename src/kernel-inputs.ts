import type { NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';

/** What a kernel's inputs are made of: tensors by name or, for a concatenation, say, in a list. */
type Input = TensorInfo | TensorInfo[] | null | undefined;

/** The tensors among a kernel's inputs; an input may be one tensor, a list of them, or absent. */
export function tensorsOf(inputs: NamedTensorInfoMap): TensorInfo[] {
  const tensors: TensorInfo[] = [];
  for (const input of Object.values(inputs) as Input[]) {
    if (Array.isArray(input)) tensors.push(...input);
    else if (input) tensors.push(input);
  }
  return tensors;
}

/** The same inputs with other tensors: a list remains a list. */
export function mapTensors(
  inputs: NamedTensorInfoMap,
  map: (tensor: TensorInfo) => TensorInfo,
): NamedTensorInfoMap {
  const mapped = (Array.isArray(inputs) ? [] : {}) as Record<string, Input>;
  for (const name in inputs) {
    const input = inputs[name] as Input;
    mapped[name] = Array.isArray(input) ? input.map(map) : input && map(input);
  }
  return mapped as NamedTensorInfoMap;
}
