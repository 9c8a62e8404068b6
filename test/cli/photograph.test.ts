import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createCanvas, type Canvas } from '@napi-rs/canvas';
import { expect } from 'chai';
import { readPhotograph, toInput, type Photograph } from '../../cli/src/pose/photograph.js';
import { UserError } from '../../cli/src/user-error.js';
import { rejection, useTemporaryFolder } from './temporary-folder.js';

const RED = [255, 0, 0];
const BLUE = [0, 0, 255];
const BLACK = [0, 0, 0];

/** A canvas whose left half is red and whose right half is blue. */
function redAndBlue(width: number, height: number): Canvas {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#f00';
  context.fillRect(0, 0, width / 2, height);
  context.fillStyle = '#00f';
  context.fillRect(width / 2, 0, width / 2, height);
  return canvas;
}

/** EXIF data that says how the picture is to be turned to be seen upright; 6: by 90 degrees clockwise. */
function exif(orientation: number): Buffer {
  const [header, entry] = ['4d4d002a000000080001', '0112000300000001'];
  return Buffer.from(`${header}${entry}000${orientation}000000000000`, 'hex');
}

/** A JPEG with another segment of an application at its beginning. */
function withSegment(jpeg: Buffer, content: Buffer): Buffer {
  const head = Buffer.from('ffe10000', 'hex');
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, content, jpeg.subarray(2)]);
}

/** A PNG with another chunk before its pixels. */
function withChunk(png: Buffer, type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(data.length);
  numbers.writeUInt32BE(crc32(content), 4);
  const pixels = png.indexOf('IDAT') - 4;
  const [length, checksum] = [numbers.subarray(0, 4), numbers.subarray(4)];
  return Buffer.concat([png.subarray(0, pixels), length, content, checksum, png.subarray(pixels)]);
}

/** A picture that is to be turned to be seen upright. */
function turned(canvas: Canvas, orientation: number, type: 'jpg' | 'png'): Buffer {
  if (type === 'png') return withChunk(canvas.toBuffer('image/png'), 'eXIf', exif(orientation));
  const data = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), exif(orientation)]);
  return withSegment(canvas.toBuffer('image/jpeg', 100), data);
}

function pixel({ canvas }: Photograph, x: number, y: number): number[] {
  return [...canvas.getContext('2d').getImageData(x, y, 1, 1).data.slice(0, 3)];
}

function expectColour(actual: number[], expected: number[]): void {
  actual.forEach((value, c) => {
    expect(value).to.be.closeTo(expected[c], 3);
  });
}

describe('a photograph', () => {
  const temporary = useTemporaryFolder();

  function save(name: string, bytes: Buffer): string {
    const path = join(temporary.path, name);
    writeFileSync(path, bytes);
    return path;
  }

  it('is decoded exactly from PNG, and nearly from JPEG', async () => {
    const canvas = redAndBlue(32, 32);
    const png = await readPhotograph(save('a.png', canvas.toBuffer('image/png')), 32, 32);
    expect(pixel(png, 3, 5)).to.deep.equal(RED);
    expect(pixel(png, 30, 5)).to.deep.equal(BLUE);
    const jpeg = await readPhotograph(save('a.jpg', canvas.toBuffer('image/jpeg', 95)), 32, 32);
    expectColour(pixel(jpeg, 3, 5), RED);
    expectColour(pixel(jpeg, 30, 5), BLUE);
  });

  it('keeps its aspect, centred between black bars', async () => {
    const path = save('wide.png', redAndBlue(64, 32).toBuffer('image/png'));
    const photo = await readPhotograph(path, 16, 16);
    expect([photo.width, photo.height]).to.deep.equal([64, 32]);
    expect(photo.frame).to.deep.equal({ x: 0, y: 4, width: 16, height: 8 });
    expect(pixel(photo, 2, 1)).to.deep.equal(BLACK);
    expect(pixel(photo, 2, 8)).to.deep.equal(RED);
    expect(pixel(photo, 13, 8)).to.deep.equal(BLUE);
    expect(pixel(photo, 13, 14)).to.deep.equal(BLACK);
  });

  it('is averaged as it shrinks', async () => {
    const canvas = createCanvas(64, 64);
    const context = canvas.getContext('2d');
    context.fillStyle = '#fff';
    for (let x = 0; x < 64; x += 2) context.fillRect(x, 0, 1, 64);
    const photo = await readPhotograph(save('lines.png', canvas.toBuffer('image/png')), 8, 8);
    for (let x = 1; x < 7; x++) expect(pixel(photo, x, 4)[0]).to.be.closeTo(127, 8);
  });

  it('is turned as its EXIF orientation says', async () => {
    const jpeg = turned(redAndBlue(32, 16), 6, 'jpg');
    const photo = await readPhotograph(save('turned.jpg', jpeg), 16, 32);
    expect([photo.width, photo.height]).to.deep.equal([16, 32]);
    expectColour(pixel(photo, 8, 3), RED);
    expectColour(pixel(photo, 8, 28), BLUE);
  });

  it('is turned alike whether it is a JPEG or a PNG', async () => {
    const canvas = redAndBlue(32, 16);
    canvas.getContext('2d').clearRect(0, 8, 16, 8);
    for (let orientation = 0; orientation <= 9; orientation++) {
      const [jpeg, png] = await Promise.all(
        (['jpg', 'png'] as const).map((type) =>
          readPhotograph(save(`turned.${type}`, turned(canvas, orientation, type)), 32, 32),
        ),
      );
      expect([png.width, png.height], `${orientation}`).to.deep.equal([jpeg.width, jpeg.height]);
      for (const x of [4, 12, 20, 28])
        for (const y of [4, 12, 20, 28]) expectColour(pixel(png, x, y), pixel(jpeg, x, y));
    }
  });

  it('is as it is where its EXIF data says nothing of an orientation', async () => {
    const png = redAndBlue(32, 16).toBuffer('image/png');
    for (const data of [Buffer.alloc(0), exif(6).subarray(0, 15), Buffer.alloc(30)]) {
      const photo = await readPhotograph(save('exif.png', withChunk(png, 'eXIf', data)), 32, 16);
      expect(pixel(photo, 3, 8)).to.deep.equal(RED);
    }
  });

  it('may be a PNG whose damage does not reach its pixels', async () => {
    const png = withChunk(redAndBlue(32, 16).toBuffer('image/png'), 'tEXt', Buffer.from('a\0b'));
    png[png.indexOf('tEXt') + 4] ^= 1;
    const photo = await readPhotograph(save('text.png', png), 32, 16);
    expect(pixel(photo, 3, 8)).to.deep.equal(RED);
  });

  it('may be a JPEG with a thumbnail in it, or with data behind its end', async () => {
    const jpeg = redAndBlue(32, 16).toBuffer('image/jpeg', 95);
    const video = Buffer.from('00ffda0008ffd900ffda', 'hex');
    const motion = Buffer.concat([withSegment(jpeg, Buffer.from('ffd8ffdaffd9', 'hex')), video]);
    const photo = await readPhotograph(save('motion.jpg', motion), 32, 16);
    expectColour(pixel(photo, 3, 8), RED);
    const cut = withSegment(jpeg, Buffer.from('ffdaffd9', 'hex')).subarray(0, -2);
    const error = await rejection(readPhotograph(save('no-end.jpg', cut), 32, 16));
    expect((error as UserError).message).to.include('cut off before its end');
  });

  it('becomes the input that the card asks for', async () => {
    const path = save('input.png', redAndBlue(2, 1).toBuffer('image/png'));
    const photo = await readPhotograph(path, 2, 1);
    const input = toInput(photo, [0.5, 0.25, 0], [1, 0.5, 2]);
    expect([...input]).to.deep.equal([0.5, -0.5, 0, -0.5, -0.5, 0.5]);
  });

  it('may be missing, no image, cut off, or damaged', async () => {
    const canvas = redAndBlue(64, 64);
    const jpeg = canvas.toBuffer('image/jpeg', 95);
    const png = canvas.toBuffer('image/png');
    const damaged = Buffer.from(png);
    damaged[png.indexOf('IDAT') + 20] ^= 1;
    const webp = canvas.toBuffer('image/webp');
    const broken = [
      [join(temporary.path, 'absent.jpg'), 'cannot be read'],
      [temporary.path, 'cannot be read'],
      [save('text.jpg', Buffer.from('this is no picture')), 'no image that can be decoded'],
      [save('empty.png', Buffer.alloc(0)), 'no image that can be decoded'],
      [save('cut.jpg', jpeg.subarray(0, jpeg.length - 200)), 'cut off'],
      [save('cut.png', png.subarray(0, png.length - 30)), 'cut off'],
      [save('damaged.png', damaged), 'is damaged'],
      [save('cut.webp', webp.subarray(0, webp.length / 2)), 'cut off'],
    ];
    for (const [path, message] of broken) {
      const error = await rejection(readPhotograph(path, 8, 8));
      expect(error).to.be.instanceOf(UserError);
      expect((error as UserError).message).to.include(message);
    }
  });
});
