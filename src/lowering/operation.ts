import type {
  KernelConfig,
  NamedAttrMap,
  NamedTensorInfoMap,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import type { DynconvBackend } from '../backend.js';
import type { View } from '../graph/view.js';

/** The arguments of a kernel call; an optional input that was not given is absent or null. */
export interface Call {
  inputs: Record<string, View | null | undefined>;
  /** The same, as tensors. */
  tensors: NamedTensorInfoMap;
  attrs: NamedAttrMap;
  backend: DynconvBackend;
  /** tfjs-backend-wasm's kernel of the same name. */
  wasm: KernelConfig;
}

/** A kernel of this backend: how a call of it is deferred. */
export interface Operation<Output extends TensorInfo | TensorInfo[] = TensorInfo> {
  /** The name that the kernel is registered under. */
  readonly name: string;
  /**
   * Returns the deferred result, or null for a call that has no region rule (its type, layout or
   * broadcasting): tfjs-backend-wasm's kernel then runs it at once.
   */
  defer(call: Call): Output | null;
}

/** Calls a kernel of this backend. */
export type KernelCall = (
  name: string,
  inputs: NamedTensorInfoMap,
  attrs: NamedAttrMap,
) => TensorInfo;

/** A kernel that is made of others; tfjs-backend-wasm has none of its name. */
export interface Composition {
  /** The name that the kernel is registered under. */
  readonly name: string;
  /**
   * Returns the result, or null for inputs that only the cpu backend's kernel does. What it makes on the way
   * is disposed of by the caller.
   */
  compose(inputs: TensorInfo[], attrs: NamedAttrMap, call: KernelCall): TensorInfo | null;
}

/** The given inputs, in order. */
export function present(...inputs: (View | null | undefined)[]): View[] {
  return inputs.filter((input): input is View => input != null);
}

/** Whether any of the inputs is deferred. */
export function anyDeferred(...inputs: View[]): boolean {
  return inputs.some((input) => input.isDeferred);
}

/** To defer fewer values takes longer than to compute them. */
const MANY_VALUES = 2 ** 12;

/** Whether an input is deferred, or has so many values that its operation pays for being deferred. */
export function isDeferredOrLarge(view: View): boolean {
  return view.isDeferred || view.pixels * view.channels >= MANY_VALUES;
}

/** The input named `name`, which every call of the kernel has. */
export function required({ inputs }: Call, name: string): View {
  const input = inputs[name];
  if (!input) throw new Error(`the kernel's input '${name}' is missing`);
  return input;
}
