import { Command } from '../arrays/command.js';
import type { Token } from '../arrays/lanes.js';
import { PixelSet } from './pixels.js';
import { channelsOf } from './view.js';
import type { View } from './view.js';
import { Rows } from './rows.js';
import type { Storage } from './storage.js';
import { compute } from './stream.js';

/*
 * From rows to storages: how computed rows become the dense values of a tensor, at once or region by
 * region.
 */

/** Makes `storage` ready with `rows`, which cover all that was missing of it; takes over `rows`. */
export function densify(storage: Storage, rows: Rows): void {
  storage.fulfil(denseValues(storage, rows));
  rows.releaseAfter(storage.token);
}

/** The same for a storage that nobody has asked for yet, though more may be computed of it; takes over `rows`. */
export function speculate(storage: Storage, rows: Rows, isRead: boolean, wasted: () => void): void {
  storage.speculated = { pointer: denseValues(storage, rows), isRead, wasted };
  rows.releaseAfter(storage.token);
}

/** The address of a block with all values of `storage`, where `rows` are all that was missing, once its token has come. */
function denseValues(storage: Storage, rows: Rows): number {
  const { runtime, partial } = storage;
  compute(rows);
  if (partial) {
    storage.token = scatter(rows, partial.pointer, storage.token);
    return partial.pointer;
  }
  if (rows.set.isAll && !rows.source) {
    storage.token = rows.token;
    return runtime.arena.detach(rows.pointer);
  }
  const pointer = runtime.arena.allocate(storage.bytes);
  if (!rows.set.isAll) runtime.heap.fill(pointer, 0, storage.bytes);
  storage.token = scatter(rows, pointer, storage.token);
  return runtime.arena.detach(pointer);
}

/**
 * Copies rows to their pixels' places in the dense values at `pointer`, after what was copied there
 * before; returns when all of that is done.
 */
function scatter(rows: Rows, pointer: number, before: Token): Token {
  const { runtime, set, stride } = rows;
  if (stride % 4 !== 0) {
    runtime.lanes.wait(rows.token);
    runtime.lanes.wait(before);
    const bytes = runtime.heap.u8;
    for (let row = 0; row < set.count; row++) {
      const from = rows.pointer + row * stride;
      bytes.copyWithin(pointer + set.pixelAt(row) * stride, from, from + stride);
    }
    return 0;
  }
  const command = runtime.arena.allocate(Command.bytes);
  new Command()
    .input(rows)
    .output({ pointer, stride }, set.pixels)
    .channels(stride / 4)
    .place(runtime.heap, command);
  const token = runtime.lanes.run('rows_scatter', [command], set.count, [rows.token, before]);
  runtime.arena.free(command);
  return token;
}

/** The pixels of `want` that `storage` has not computed yet; takes over `want`. */
export function missingOf(storage: Storage, want: PixelSet): PixelSet {
  const { runtime, partial } = storage;
  if (!partial) return want;
  const bitmap = want.bitmap();
  const bytes = runtime.heap.u8;
  for (let pixel = 0; pixel < want.total; pixel++) {
    if (bytes[partial.covered + pixel]) bytes[bitmap + pixel] = 0;
  }
  want.release();
  return PixelSet.fromBitmap(runtime, want.total, bitmap);
}

/** Adds `rows`, complete for the pixels `region`, which were missing so far, to what is computed of `storage`. */
export function addPartial(storage: Storage, region: PixelSet, rows: Rows): void {
  const { runtime } = storage;
  compute(rows);
  if (!storage.partial) {
    const { arena, heap } = runtime;
    const covered = arena.allocate(region.total);
    heap.fill(covered, 0, region.total);
    const pointer = arena.allocate(storage.bytes);
    heap.fill(pointer, 0, storage.bytes);
    storage.partial = { pointer: arena.detach(pointer), covered: arena.detach(covered), count: 0 };
  }
  const { partial } = storage;
  const { pointer, covered } = partial;
  if (rows.set.isAll) {
    const wanted = alignBytes(rows, region);
    storage.token = scatter(wanted, pointer, storage.token);
    wanted.release();
  } else {
    storage.token = scatter(rows, pointer, storage.token);
    rows.releaseAfter(storage.token);
  }
  runtime.kernels.bitmap_mark_pixels(region.pixels, region.count, covered);
  partial.count += region.count;
  if (partial.count === region.total) storage.fulfil(pointer);
}

/** What is computed so far of a storage that several readers share. */
export function partialRows(view: View): Rows {
  const { storage } = view;
  const set = PixelSet.all(storage.runtime, view.pixels);
  return Rows.of(storage, set, channelsOf(storage), storage.partial?.pointer);
}

/** `Evaluation.align` for elements of any size, row by row; takes over `rows`. */
export function alignBytes(rows: Rows, set: PixelSet): Rows {
  const { runtime, stride } = rows;
  compute(rows);
  runtime.lanes.wait(rows.token);
  const pointer = runtime.arena.allocate(Math.max(set.count * stride, 4));
  const rowOf = rows.set.rowOf >>> 2;
  const { u8, i32 } = runtime.heap;
  for (let row = 0; row < set.count; row++) {
    const pixel = set.pixelAt(row);
    const from = rowOf === 0 ? pixel : i32[rowOf + pixel];
    const to = pointer + row * stride;
    if (from < 0) u8.fill(0, to, to + stride);
    else u8.copyWithin(to, rows.pointer + from * stride, rows.pointer + (from + 1) * stride);
  }
  const aligned = Rows.computed(runtime, set, rows.channels, rows.dtype, pointer);
  rows.release();
  return aligned;
}
