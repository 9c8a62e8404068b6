/** A node of a graph model, as its JSON has it. */
export interface GraphNode {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, Attribute>;
}

interface Attribute {
  s?: string;
  shape?: { dim: { size: string }[] };
  list?: { i?: string[]; s?: string[] };
}

/** The whole numbers of an attribute. */
export function integers({ attr }: GraphNode, name: string): number[] {
  return (attr?.[name]?.list?.i ?? []).map(Number);
}

/** @throws Error for padding in numbers */
export function paddingOf({ name, attr }: GraphNode): 'SAME' | 'VALID' {
  const kind = decode(attr?.padding?.s ?? '');
  if (kind === 'SAME' || kind === 'VALID') return kind;
  throw new Error(`${name}: there is no conversion of the padding ${kind}`);
}

/**
 * The activation that is fused into a convolution.
 * @throws Error for another than these
 */
export function activationOf({ name, attr }: GraphNode): 'Relu' | 'Relu6' | null {
  const fused = attr?.fused_ops?.list?.s?.map(decode) ?? [];
  const activation = fused.find((operation) => operation !== 'BiasAdd');
  if (activation === undefined) return null;
  if (activation === 'Relu' || activation === 'Relu6') return activation;
  throw new Error(`${name}: there is no conversion of ${activation}`);
}

function decode(base64: string): string {
  return atob(base64);
}
