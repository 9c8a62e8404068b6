import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { listImages, pictureNames, timelineName } from '../../cli/src/pose/images.js';
import { shippedModel } from '../../cli/src/shipped.js';
import { UserError } from '../../cli/src/user-error.js';
import { rejection, useTemporaryFolder } from './temporary-folder.js';

describe('the images', () => {
  const temporary = useTemporaryFolder();

  function folder(name: string, ...files: string[]): string {
    const path = join(temporary.path, name);
    mkdirSync(path, { recursive: true });
    for (const file of files) writeFileSync(join(path, file), '');
    return path;
  }

  it('are the files that were named, and the photographs in folders, by name', async () => {
    const path = folder('photos', 'b.JPG', 'a.png', 'c.jpeg', 'notes.txt', 'd.webp', 'a-pose.png');
    folder('photos/below', 'e.jpg');
    const images = ['first.webp', path, 'last-pose.png'];
    expect(await listImages(images)).to.deep.equal([
      'first.webp',
      join(path, 'a.png'),
      join(path, 'b.JPG'),
      join(path, 'c.jpeg'),
      'last-pose.png',
    ]);
  });

  it('must be some', async () => {
    const nothing = await rejection(listImages([]));
    expect(nothing).to.be.instanceOf(UserError);
    const path = folder('empty', 'notes.txt');
    const error = await rejection(listImages(['a.jpg', path]));
    expect(error).to.be.instanceOf(UserError);
    expect((error as UserError).message).to.include(`${path} holds no photograph`);
  });

  it('have timelines beside their pictures', () => {
    expect(timelineName('a-pose.png')).to.equal('a-timeline.svg');
    expect(timelineName(join('out', 'my picture.png'))).to.equal(
      join('out', 'my picture-timeline.svg'),
    );
  });

  it('have pictures of different names', () => {
    const images = ['x/a.jpg', 'y/a.png', 'y/a.b.jpg', 'a-2.jpg', 'z/a.jpg'];
    expect(pictureNames(images)).to.deep.equal([
      'a-pose.png',
      'a-2-pose.png',
      'a.b-pose.png',
      'a-2-2-pose.png',
      'a-3-pose.png',
    ]);
  });
});

describe('the shipped model', () => {
  const temporary = useTemporaryFolder();

  it('is the published one, or the trained one of the backbone that is named', () => {
    const models = temporary.path;
    expect(shippedModel(undefined, models)).to.equal(join(models, 'mobilenetv2-hourglass-s0125'));
    expect(() => shippedModel('resnet', models)).to.throw(UserError, 'with the backbone resnet');
    for (const backbone of ['mobilenetv2', 'resnet'] as const) {
      const trained = join(models, 'trained', `${backbone}-dynamic-b025`);
      mkdirSync(trained, { recursive: true });
      writeFileSync(join(trained, 'model.json'), '{}');
      expect(shippedModel(backbone, models)).to.equal(trained);
    }
    expect(shippedModel(undefined, models)).to.equal(join(models, 'mobilenetv2-hourglass-s0125'));
  });
});
