/**
 * Formats that are known and not read: they are refused by their makers' names, with what to do. By content where it has a
 * mark, by name where it has none.
 */
import { SlideError } from './slide.ts';

interface KnownFormat {
  /** A sentence that names the format. */
  readonly problem: string;
  readonly remedy: string;
  /** May lie beside a slide in a folder, and then says nothing about it. */
  readonly beside?: true;
  /** @param text the head as Latin-1 text; @param name in lower case. */
  readonly recognises: (head: Uint8Array, text: string, name: string) => boolean;
}

const withQuPath =
  'Convert it to a pyramidal OME-TIFF (in QuPath: File, Export images, OME TIFF; or with bfconvert), and open that.';

const starts =
  (...bytes: readonly number[]) =>
  (head: Uint8Array): boolean =>
    bytes.every((byte, i) => head[i] === byte);

const startsWith =
  (start: string) =>
  (_head: Uint8Array, text: string): boolean =>
    text.startsWith(start);

const named =
  (...endings: readonly string[]) =>
  (_head: Uint8Array, _text: string, name: string): boolean =>
    endings.some((ending) => name.endsWith(ending));

/** The first that recognises a file counts. */
const known: readonly KnownFormat[] = [
  {
    problem:
      'This is part of a 3DHISTECH MRXS slide. A .mrxs file is only a preview; the slide is in the folder of the same name beside it.',
    remedy: 'Open or drop the folder that holds both.',
    recognises: (_head, text, name) =>
      name.endsWith('.mrxs') ||
      /^\s*\[GENERAL\][^]*SLIDE_/.test(text) ||
      /^\d\d\.\d\d[0-9A-F]{32}/.test(text),
  },
  {
    problem: 'This is a Philips iSyntax slide, which is not supported.',
    remedy:
      'Export it as TIFF from the Philips Image Management System, or convert it with isyntax2raw and raw2ometiff.',
    recognises: (_head, text, name) => name.endsWith('.isyntax') || text.includes('ObjectType="DPUfsImport"'),
  },
  {
    problem: 'This is the list of the images of a Hamamatsu VMS slide, but its name does not end in .vms.',
    remedy: 'Give it its own name, and open the folder that holds it and the images.',
    recognises: (_head, text) => /^\s*\[Virtual Microscope Specimen\]/i.test(text),
  },
  {
    problem:
      'This is a Hamamatsu VMU slide, which is not supported. The file only lists the images of the slide.',
    remedy: 'Convert it with vips: vips tiffsave slide.vmu slide.tif --tile --pyramid --compression jpeg.',
    recognises: (_head, text) => /^\s*\[Uncompressed Virtual Microscope Specimen\]/i.test(text),
  },
  {
    problem: 'This is the list of the files of a Hamamatsu NDPIS set, but its name does not end in .ndpis.',
    remedy: 'Give it its own name, and open the folder that holds it and its .ndpi files.',
    recognises: (_head, text) => /^\s*\[NanoZoomer Digital Pathology Image Set\]/i.test(text),
  },
  {
    problem: 'This is an Aperio AFI set: a list of the .svs files of a fluorescence slide, one per channel.',
    remedy: 'Open one of its .svs files.',
    recognises: (_head, text, name) =>
      name.endsWith('.afi') || /^\s*(?:<\?xml[^>]*>\s*)?<ImageList\b/.test(text),
  },
  {
    problem: 'This is an Olympus (Evident) ETS file, the scan of a VSI slide without its .vsi file.',
    remedy: 'Open the folder that holds the .vsi file and the folder of its scans.',
    recognises: starts(0x53, 0x49, 0x53, 0),
  },
  {
    problem: 'This is a Sakura SVSLIDE file, which is not supported.',
    remedy:
      'Convert it with vips: vips tiffsave slide.svslide slide.tif --tile --pyramid --compression jpeg.',
    recognises: (_head, text, name) => text.startsWith('SQLite format 3\0') && name.endsWith('.svslide'),
  },
  {
    problem:
      'This is an SQLite database, in which some scanners (Sakura SVSLIDE) keep slides. It is not supported.',
    remedy: 'Convert it with vips, or export the slide as TIFF from the scanner’s software.',
    recognises: startsWith('SQLite format 3\0'),
  },
  {
    problem:
      'This is a compound file (OLE), as Zeiss ZVI, Olympus OIB and Motic MDS are. It is not supported.',
    remedy: withQuPath,
    recognises: starts(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1),
  },
  {
    problem: 'This is a Leica LIF file, which is not supported.',
    remedy: withQuPath,
    recognises: (head, _text, name) =>
      name.endsWith('.lif') || (starts(0x70, 0, 0, 0)(head) && head[8] === 0x2a),
  },
  {
    problem: 'This is a Nikon ND2 file, which is not supported.',
    remedy: withQuPath,
    recognises: (head, _text, name) => starts(0xda, 0xce, 0xbe, 0x0a)(head) || name.endsWith('.nd2'),
  },
  {
    problem: 'This is an HDF5 file, as Imaris IMS is. It is not supported.',
    remedy: withQuPath,
    recognises: starts(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a),
  },
  {
    problem: 'This is a KFBio KFB slide, which is not supported.',
    remedy: 'Convert it to SVS or TIFF with the scanner’s software.',
    recognises: named('.kfb', '.kfbf'),
  },
  {
    problem: 'This is a slide in a format of its scanner’s maker (SDPC, TMAP, MDSX), which is not supported.',
    remedy: 'Convert it to SVS or TIFF with the scanner’s software.',
    recognises: named('.sdpc', '.dyqx', '.tmap', '.mdsx', '.mds'),
  },
  {
    problem: 'This is part of an OME-Zarr image, which is a folder.',
    remedy: 'Open the whole folder, the one that holds zarr.json or .zattrs.',
    recognises: (_head, text, name) =>
      /(?:^|\/)(?:\.zattrs|\.zgroup|\.zarray|zarr\.json)$/.test(name) || /^\s*\{[^]*"zarr_format"/.test(text),
  },
  {
    problem: 'This is the metadata of an OME-TIFF set, without its pixels.',
    remedy: 'Open the .ome.tif files that belong to it.',
    recognises: (_head, text) =>
      /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--[^]*?-->\s*)?<(?:[\w.-]+:)?OME[\s>]/.test(text),
  },
  {
    problem: 'This is a file of annotations, not a slide.',
    beside: true,
    remedy: 'Open its slide first, then load the annotations.',
    recognises: (_head, text) =>
      /^\s*(?:<\?xml[^>]*>\s*)?<(?:annotations|ASAP_Annotations)\b/i.test(text) ||
      /^\s*[[{][^]*"(?:FeatureCollection|Feature)"/.test(text),
  },
  {
    problem: 'This is a JPEG 2000 file, which is read only within TIFF and DICOM.',
    remedy:
      'Convert it to a pyramidal TIFF, for example: vips tiffsave in.jp2 out.tif --tile --pyramid --compression jpeg.',
    recognises: (head) =>
      starts(0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20)(head) || starts(0xff, 0x4f, 0xff, 0x51)(head),
  },
  {
    problem: 'This is a JPEG XR, JPEG XL, BMP, GIF or HEIC image, which is not supported.',
    remedy: 'Save it as PNG, JPEG or TIFF.',
    recognises: (head, text) =>
      starts(0x49, 0x49, 0xbc)(head) ||
      starts(0, 0, 0, 12, 0x4a, 0x58, 0x4c, 0x20)(head) ||
      /^(?:BM[^]{4}\0\0\0\0|GIF8|[^]{4}ftyp(?:heic|heix|avif|mif1))/.test(text),
  },
];

/**
 * The refusal of a file in a known format; null for a file that no known format recognises.
 * @param isAlone false for a file of several: what only lies beside a slide is passed over.
 */
export function knownFormat(head: Uint8Array, file: string, isAlone = true): SlideError | null {
  const text = new TextDecoder('latin1').decode(head.subarray(0, 1024)).replace(/^\xef\xbb\xbf/, '');
  const found = known.find(
    ({ recognises, beside }) => (isAlone || beside !== true) && recognises(head, text, file.toLowerCase()),
  );
  return found === undefined ? null : new SlideError('unsupported', file, found.problem, found.remedy);
}
