import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { listImages, pictureNames, timelineName } from '../../cli/src/pose/images.js';
import { DEFAULT_NETWORK, NETWORK_NAMES, networkFolder } from '../../cli/src/shipped.js';
import { UserError } from '../../cli/src/user-error.js';
import { projectPath } from './command.js';
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
    folder('photos', '._a.jpg', '.hidden.png');
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
    const images = ['x/a.jpg', 'y/a.png', 'y/a.b.jpg', 'a-2.jpg', 'z/a.jpg', 'overview.jpg'];
    expect(pictureNames(images)).to.deep.equal([
      'a-pose.png',
      'a-2-pose.png',
      'a.b-pose.png',
      'a-2-2-pose.png',
      'a-3-pose.png',
      'overview-2-pose.png',
    ]);
  });
});

describe('a network', () => {
  const temporary = useTemporaryFolder();

  it('is a shipped one by its name, or any folder', () => {
    const models = temporary.path;
    expect(() => networkFolder('hourglass', models)).to.throw(UserError, 'did not come with');
    const trained = join(models, 'trained/mobilenetv2-dynamic-b025');
    mkdirSync(trained, { recursive: true });
    writeFileSync(join(trained, 'model.json'), '{}');
    expect(networkFolder('hourglass', models)).to.equal(trained);
    expect(networkFolder(trained, models)).to.equal(trained);
    for (const name of ['vgg', 'toString']) {
      expect(() => networkFolder(name, models)).to.throw(UserError, 'movenet-thunder');
    }
  });

  it('comes with the project under each name', () => {
    expect(NETWORK_NAMES).to.include(DEFAULT_NETWORK);
    for (const name of NETWORK_NAMES) {
      expect(
        existsSync(join(networkFolder(name, projectPath('models')), 'dynconv.json')),
        name,
      ).to.equal(true);
    }
  });
});
