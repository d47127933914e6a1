/** Slide reading in Node: images decoded by sharp (libvips). */
import sharp from 'sharp';
import { nodeJpeg2000Codec } from './jpeg2000/codec.node.ts';
import { nodeSampleCodec } from './sample-codec/codec.node.ts';
import { abortReason } from '../base/abort.ts';
import { checkDecodable } from './encoded-image.ts';
import { maxImagePixels } from './limits.ts';
import type { SlidePlatform } from './slide.ts';

const jpeg2000 = nodeJpeg2000Codec();
const samples = nodeSampleCodec();

// Tiles are decoded in parallel. Threads within one would only wait for each other.
sharp.concurrency(1);

/** The platform for Node. */
export function nodePlatform(): SlidePlatform {
  return {
    jpeg2000: async (bytes, colours, signal) => {
      if (signal?.aborted) throw abortReason(signal);
      return jpeg2000.decode(bytes, colours);
    },
    samples: async (bytes, format, signal) => {
      if (signal?.aborted) throw abortReason(signal);
      return samples.decode(bytes, format);
    },
    decoder: {
      async decode(bytes, type, signal, shrink = 1) {
        if (signal?.aborted) throw abortReason(signal);
        checkDecodable(bytes, type);
        // Pixels as stored, as in the browser: by default, libvips would apply an embedded profile.
        // A JPEG that is damaged only gets a warning; a PNG gets one for much less.
        const failOn = type === 'image/jpeg' ? 'warning' : 'error';
        const options = { failOn, limitInputPixels: maxImagePixels, ignoreIcc: true } as const;
        const image = sharp(bytes, options);
        if (shrink > 1) {
          const { width, height } = await image.metadata();
          const size = { width: Math.ceil(width / shrink), height: Math.ceil(height / shrink) };
          // JPEGs are reduced by their decoder, other types by a filter.
          image.resize({ ...size, fit: 'fill', kernel: 'linear' });
        }
        const { data, info } = await image
          .toColourspace('srgb')
          .ensureAlpha()
          .raw()
          .toBuffer({ resolveWithObject: true });
        if (signal?.aborted) throw abortReason(signal);
        if (data.buffer instanceof ArrayBuffer) {
          return {
            width: info.width,
            height: info.height,
            data: new Uint8ClampedArray(data.buffer, data.byteOffset, data.length),
          };
        }
        return { width: info.width, height: info.height, data: new Uint8ClampedArray(data) };
      },
    },
  };
}
