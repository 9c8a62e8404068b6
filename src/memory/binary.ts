/**
 * Rewrites a WebAssembly binary so that it imports its linear memory in place of defining it.
 *
 * tfjs-backend-wasm's binary defines and exports its memory; the kernels of this package import
 * theirs. Both must live on one memory, shared between threads where the platform allows it, so the
 * memory section is dropped and a memory import (`env.memory`) with the wanted limits takes its
 * place. Memory has an index space of its own, so nothing else in the binary changes.
 *
 * Source: WebAssembly Core Specification 2.0, chapter 5.5 (binary format, modules).
 */

const MAGIC = 0x6d736100;
const VERSION = 1;
const SECTION_IMPORT = 2;
const SECTION_FUNCTION = 3;
const SECTION_MEMORY = 5;
const EXTERNAL_MEMORY = 2;
const LIMIT_HAS_MAXIMUM = 1;
const LIMIT_SHARED = 2;

/** Limits of a linear memory, in pages of 64 KiB. */
export interface MemoryLimits {
  initial: number;
  maximum: number;
  shared: boolean;
}

/** A WebAssembly binary is not of the form that this version of the package can load. */
export class WasmFormatError extends Error {
  constructor(file: string, what: string) {
    super(
      `${file} cannot be loaded: ${what}. Use the .wasm files that ship with this version of ` +
        `tfjs-backend-dynconv (see setWasmPaths).`,
    );
    this.name = 'WasmFormatError';
  }
}

interface Section {
  id: number;
  /** Offset of the section's id byte. */
  start: number;
  /** Offset of the section's content. */
  content: number;
  end: number;
}

class Reader {
  constructor(
    readonly file: string,
    readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new WasmFormatError(this.file, 'the file is truncated');
    return value;
  }

  /** An unsigned LEB128 integer of up to 32 bits. */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new WasmFormatError(this.file, 'an integer is too long');
  }

  skip(count: number): void {
    this.at += count;
  }

  name(): string {
    const length = this.u32();
    const text = new TextDecoder().decode(this.bytes.subarray(this.at, this.at + length));
    this.skip(length);
    return text;
  }
}

function leb(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value ? low | 0x80 : low);
  } while (value);
  return bytes;
}

function sections(file: string, bytes: Uint8Array): Section[] {
  if (bytes.length < 8) throw new WasmFormatError(file, 'it is not a WebAssembly binary');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC || view.getUint32(4, true) !== VERSION) {
    throw new WasmFormatError(file, 'it is not a WebAssembly binary');
  }
  const found: Section[] = [];
  const reader = new Reader(file, bytes, 8);
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = reader.byte();
    const size = reader.u32();
    const content = reader.at;
    reader.skip(size);
    if (reader.at > bytes.length) throw new WasmFormatError(file, 'the file is truncated');
    found.push({ id, start, content, end: reader.at });
  }
  return found;
}

function readLimits(reader: Reader): { initial: number } {
  const flags = reader.byte();
  const initial = reader.u32();
  if (flags & LIMIT_HAS_MAXIMUM) reader.u32();
  return { initial };
}

/** The import entries of a section: where each begins and ends, and which of them is a memory. */
function readImports(file: string, bytes: Uint8Array, section: Section | undefined) {
  const others: Uint8Array[] = [];
  let memory: { initial: number } | null = null;
  if (section) {
    const reader = new Reader(file, bytes, section.content);
    for (let left = reader.u32(); left > 0; left--) {
      const start = reader.at;
      reader.name();
      reader.name();
      const kind = reader.byte();
      if (kind === EXTERNAL_MEMORY) {
        memory = readLimits(reader);
        continue;
      }
      if (kind === 0) reader.u32();
      else if (kind === 3) reader.skip(2);
      else if (kind === 1) {
        reader.byte();
        readLimits(reader);
      } else throw new WasmFormatError(file, `it has an import of unknown kind ${String(kind)}`);
      others.push(bytes.subarray(start, reader.at));
    }
  }
  return { others, memory };
}

function memoryImport(limits: MemoryLimits): number[] {
  const text = (s: string) => [...leb(s.length), ...new TextEncoder().encode(s)];
  const flags = LIMIT_HAS_MAXIMUM | (limits.shared ? LIMIT_SHARED : 0);
  return [
    ...text('env'),
    ...text('memory'),
    EXTERNAL_MEMORY,
    flags,
    ...leb(limits.initial),
    ...leb(limits.maximum),
  ];
}

/**
 * The initial size, in pages of 64 KiB, of the one memory that `bytes` defines or imports.
 * @throws WasmFormatError when it has no memory.
 */
export function initialPages(file: string, bytes: Uint8Array): number {
  const all = sections(file, bytes);
  const defined = all.find((s) => s.id === SECTION_MEMORY);
  if (defined) {
    const reader = new Reader(file, bytes, defined.content);
    if (reader.u32() === 1) return readLimits(reader).initial;
  }
  const { memory } = readImports(
    file,
    bytes,
    all.find((s) => s.id === SECTION_IMPORT),
  );
  if (!memory) throw new WasmFormatError(file, 'it does not have exactly one memory');
  return memory.initial;
}

/**
 * Returns the binary with its memory imported as `env.memory` within `limits`.
 * @throws WasmFormatError when `bytes` is not a module with exactly one memory.
 */
export function importMemory(
  file: string,
  bytes: Uint8Array,
  limits: MemoryLimits,
): Uint8Array<ArrayBuffer> {
  initialPages(file, bytes);
  const all = sections(file, bytes);
  const importSection = all.find((s) => s.id === SECTION_IMPORT);
  const { others } = readImports(file, bytes, importSection);
  const parts: Uint8Array[] = [bytes.subarray(0, 8)];
  const entry = Uint8Array.from(memoryImport(limits));
  const content = [Uint8Array.from(leb(others.length + 1)), ...others, entry];
  const size = content.reduce((sum, part) => sum + part.length, 0);
  const imports = [Uint8Array.from([SECTION_IMPORT, ...leb(size)]), ...content];
  let placed = false;
  for (const section of all) {
    const comesAfterImports = section.id >= SECTION_FUNCTION || section.id === SECTION_IMPORT;
    if (!placed && comesAfterImports) {
      parts.push(...imports);
      placed = true;
    }
    if (section.id === SECTION_IMPORT || section.id === SECTION_MEMORY) continue;
    parts.push(bytes.subarray(section.start, section.end));
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
