/** The TIFF tag numbers that are read (TIFF 6.0, TechNote 2, Aperio, Hamamatsu). */
export const tag = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  imageDescription: 270,
  make: 271,
  model: 272,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  pageName: 285,
  resolutionUnit: 296,
  software: 305,
  dateTime: 306,
  predictor: 317,
  colourMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subIfds: 330,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  /** XML; Ventana's own within. */
  xmp: 700,
  copyright: 33432,
  zeissLsm: 34412,
  iccProfile: 34675,
  /** ImageJ's metadata beyond its description: lengths of its parts, and the parts. */
  imageJLengths: 50838,
  imageJParts: 50839,
} as const;

/** NewSubfileType, and Aperio's value for the macro image. */
export const subfileType = { reduced: 1, mask: 4, aperioMacro: 9 } as const;

/** Hamamatsu's own tags (NDPI). */
export const ndpiTag = {
  marker: 65420,
  /** Objective power; -1 for the macro image, -2 for the map of focus points. */
  sourceLens: 65421,
  /** Of the image's centre from that of the glass, nanometres; NDPA annotations count from the latter. */
  xOffset: 65422,
  yOffset: 65423,
  zOffset: 65424,
  mcuStarts: 65426,
  mcuStartsHigh: 65432,
  /** Of fluorescence: the name of the channel. */
  channel: 65434,
  properties: 65449,
  /** Of fluorescence, nanometres; 0 in a brightfield slide. */
  emissionWavelength: 65451,
} as const;

const readTags: ReadonlySet<number> = new Set<number>([...Object.values(tag), ...Object.values(ndpiTag)]);

/** Whether a tag is read at all. What is not costs no memory. */
export const isReadTag = (number: number): boolean => readTags.has(number);

export const compression = {
  none: 1,
  lzw: 5,
  oldJpeg: 6,
  jpeg: 7,
  deflate: 8,
  packBits: 32773,
  deflateOld: 32946,
  aperioJp2kYcbcr: 33003,
  aperioJp2kRgb: 33005,
  aperioJp2kAny: 33004,
  jpeg2000: 34712,
  zstd: 50000,
  webp: 50001,
} as const;

/** Names of TIFF compressions. */
const compressionNames: Readonly<Record<number, string>> = {
  [compression.none]: 'uncompressed',
  [compression.lzw]: 'LZW',
  [compression.jpeg]: 'JPEG',
  [compression.deflate]: 'Deflate',
  [compression.deflateOld]: 'Deflate',
  [compression.packBits]: 'PackBits',
  [compression.aperioJp2kYcbcr]: 'JPEG 2000 (33003, YCbCr)',
  [compression.aperioJp2kAny]: 'JPEG 2000 (33004)',
  [compression.aperioJp2kRgb]: 'JPEG 2000 (33005, RGB)',
  [compression.jpeg2000]: 'JPEG 2000',
  [compression.zstd]: 'ZSTD',
  [compression.webp]: 'WebP',
};

/** The name of a compression. */
export const compressionName = (scheme: number): string =>
  compressionNames[scheme] ?? `TIFF compression ${scheme}`;

export const photometric = {
  whiteIsZero: 0,
  blackIsZero: 1,
  rgb: 2,
  palette: 3,
  cmyk: 5,
  ycbcr: 6,
} as const;
