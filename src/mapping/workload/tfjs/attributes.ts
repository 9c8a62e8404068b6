import type { GraphNode } from './model-json.js';

/** A node's attributes, in whatever of its forms the converter wrote them. */
export class Attributes {
  constructor(private readonly node: GraphNode) {}

  int(name: string): number | undefined {
    const value = this.node.attr[name]?.i;
    return value === undefined ? undefined : Number(value);
  }

  bool(name: string): boolean {
    return this.node.attr[name]?.b ?? false;
  }

  ints(name: string): number[] | undefined {
    const list = this.node.attr[name]?.list;
    return list ? (list.i ?? []).map(Number) : undefined;
  }

  text(name: string): string | undefined {
    const value = this.node.attr[name]?.s;
    return value === undefined ? undefined : decode(value);
  }

  /** -1 for an open dimension; undefined for an open rank. */
  shape(name: string): number[] | undefined {
    const shape = this.node.attr[name]?.shape;
    if (!shape || shape.unknownRank) return undefined;
    return (shape.dim ?? []).map(({ size }) => Number(size ?? 0));
  }
}

/** Bytes: in base64, or as numbers. */
function decode(value: string | number[]): string {
  return typeof value === 'string' ? base64(value) : String.fromCharCode(...value.slice(0, 64));
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Decodes short ASCII texts; neither atob nor Buffer is everywhere. */
function base64(text: string): string {
  let result = '';
  let bits = 0;
  let count = 0;
  for (const letter of text.slice(0, 256)) {
    const digit = DIGITS.indexOf(letter);
    if (digit < 0) break;
    bits = ((bits << 6) | digit) & 0xffff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      result += String.fromCharCode((bits >> count) & 0xff);
    }
  }
  return result;
}
