import { expect, test } from 'vitest';
import { memoryByteSource } from './byte-source.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values, ...new Uint8Array(600));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const jpeg = bytes(0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0);

test.each<[name: string, content: Uint8Array, format: string]>([
  ['a.mrxs', jpeg, '3DHISTECH MRXS'],
  ['Slidedat.ini', text('\ufeff[GENERAL]\r\nSLIDE_VERSION = 01.02\r\n'), '3DHISTECH MRXS'],
  ['a.xml', text('<DataObject ObjectType="DPUfsImport">'), 'Philips iSyntax'],
  ['a.ini', text('[Virtual Microscope Specimen]\nNoLayers=1'), 'Hamamatsu VMS'],
  ['a.vmu', text('[Uncompressed Virtual Microscope Specimen]'), 'Hamamatsu VMU'],
  ['a.txt', text('[NanoZoomer Digital Pathology Image Set]'), 'Hamamatsu NDPIS'],
  ['a.afi', text('<?xml version="1.0"?><ImageList><Image>'), 'Aperio AFI'],
  ['frame_t.ets', bytes(0x53, 0x49, 0x53, 0), 'Olympus (Evident) ETS'],
  ['a.svslide', text('SQLite format 3\0'), 'Sakura SVSLIDE'],
  ['a.db', text('SQLite format 3\0'), 'SQLite'],
  ['a.zvi', bytes(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1), 'Zeiss ZVI'],
  ['a.lif', bytes(0x70, 0, 0, 0, 1, 0, 0, 0, 0x2a), 'Leica LIF'],
  ['a.nd2', bytes(0xda, 0xce, 0xbe, 0x0a), 'Nikon ND2'],
  ['a.ims', bytes(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a), 'Imaris IMS'],
  ['a.kfb', bytes(1, 2, 3), 'KFBio KFB'],
  ['a.sdpc', bytes(1, 2, 3), 'SDPC'],
  ['zarr.json', text('{"zarr_format": 3, "node_type": "group"}'), 'OME-Zarr'],
  ['a.companion.ome', text('<?xml version="1.0"?><!-- x --><OME xmlns="x">'), 'OME-TIFF set'],
  ['a.geojson', text('{"type":"FeatureCollection","features":[]}'), 'annotations'],
  ['a.xml', text('<?xml version="1.0"?>\n<Annotations>'), 'annotations'],
  ['a.jp2', bytes(0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20), 'JPEG 2000'],
  ['a.bmp', bytes(0x42, 0x4d, 1, 2, 3, 4, 0, 0, 0, 0), 'BMP'],
])('%s is refused by its name', async (name, content, format) => {
  await expect(openSlide([memoryByteSource(content, name)], nodePlatform())).rejects.toMatchObject({
    code: 'unsupported',
    file: name,
    problem: expect.stringContaining(format) as string,
  });
});

test('in a set of files, the format of any one is named', async () => {
  const files = [
    memoryByteSource(bytes(1), 'Data0000.dat'),
    memoryByteSource(text('[GENERAL]\nSLIDE_ID = X\n'), 'Slidedat.ini'),
  ];
  await expect(openSlide(files, nodePlatform())).rejects.toMatchObject({
    problem: expect.stringContaining('3DHISTECH') as string,
  });
});
