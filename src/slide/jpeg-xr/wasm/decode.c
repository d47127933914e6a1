/*
 * The one function that the decoder's module exports, on top of jxrlib: one JPEG XR codestream (ITU-T T.832) in memory to
 * samples in memory. What the codestream claims is checked before memory is taken for it. build.sh compiles it.
 */
#include <stdlib.h>
#include <string.h>

#include "windowsmediaphoto.h"

enum { packet_bytes = 4096 };

/** What `decode` fills in. */
struct image {
  unsigned width;
  unsigned height;
  /** 1 (grey) or 3 (red, green, blue). */
  unsigned components;
  /** 8 or 16. */
  unsigned bits;
  /** Row by row, without padding. */
  unsigned char *samples;
};

static struct image result;
static int past_end;

static ERR stream_close(struct WMPStream **stream) {
  (void)stream;
  return WMP_errSuccess;
}

static Bool stream_ended(struct WMPStream *stream) {
  return stream->state.buf.cbBuf <= stream->state.buf.cbCur;
}

/** Zeros after the end, which the decoder reads ahead of; more than it can need shows that the stream is cut. */
static ERR stream_read(struct WMPStream *stream, void *target, size_t count) {
  size_t at = stream->state.buf.cbCur;
  size_t size = stream->state.buf.cbBuf;
  size_t present = at >= size ? 0 : size - at;
  if (present > count) present = count;
  memcpy(target, stream->state.buf.pbBuf + at, present);
  memset((unsigned char *)target + present, 0, count - present);
  if (at > size + 2 * packet_bytes) past_end = 1;
  stream->state.buf.cbCur = at + count;
  return WMP_errSuccess;
}

static ERR stream_write(struct WMPStream *stream, const void *source, size_t count) {
  (void)stream;
  (void)source;
  (void)count;
  return WMP_errFail;
}

static ERR stream_seek(struct WMPStream *stream, size_t at) {
  stream->state.buf.cbCur = at;
  return WMP_errSuccess;
}

static ERR stream_tell(struct WMPStream *stream, size_t *at) {
  *at = stream->state.buf.cbCur;
  return WMP_errSuccess;
}

/**
 * Decodes a codestream, which begins with WMPHOTO.
 * @param max_pixels a larger image is refused.
 * @returns the image; NULL where it is damaged, too large, has an alpha plane, or is of another kind than 8 or 16 bits of grey
 * or RGB. Call it once per instance of the module: nothing is freed.
 */
__attribute__((export_name("decode"))) struct image *decode(unsigned char *bytes, size_t length, size_t max_pixels) {
  struct WMPStream stream;
  CWMImageInfo info;
  CWMIStrCodecParam parameters;
  CWMImageBufferInfo buffer;
  CTXSTRCODEC decoder = NULL;
  size_t unit, rows, stride, decoded = 0;

  memset(&stream, 0, sizeof stream);
  memset(&info, 0, sizeof info);
  memset(&parameters, 0, sizeof parameters);
  memset(&buffer, 0, sizeof buffer);
  stream.state.buf.pbBuf = bytes;
  stream.state.buf.cbBuf = length;
  stream.fMem = 1;
  stream.Close = stream_close;
  stream.EOS = stream_ended;
  stream.Read = stream_read;
  stream.Write = stream_write;
  stream.SetPos = stream_seek;
  stream.GetPos = stream_tell;
  parameters.pWStream = &stream;
  if (ImageStrDecGetInfo(&info, &parameters) != ICERR_OK) return NULL;
  if (info.cWidth == 0 || info.cHeight == 0 || info.cWidth > max_pixels / info.cHeight) return NULL;
  if (info.bdBitDepth != BD_8 && info.bdBitDepth != BD_16) return NULL;
  if (info.cfColorFormat != Y_ONLY && info.cfColorFormat != CF_RGB) return NULL;
  result.width = info.cWidth;
  result.height = info.cHeight;
  result.components = info.cfColorFormat == Y_ONLY ? 1 : 3;
  result.bits = info.bdBitDepth == BD_8 ? 8 : 16;
  unit = result.components * result.bits / 8;
  info.oOrientation = O_NONE;
  info.bRGB = 1;
  info.cBitsPerUnit = unit * 8;
  parameters.uAlphaMode = 0;
  parameters.sbSubband = SB_ALL;
  stride = info.cWidth * unit;
  if (ImageStrDecInit(&info, &parameters, &decoder) != ICERR_OK || decoder == NULL) return NULL;
  /* From here, the height includes what the stream was padded to: rows of macroblocks. */
  rows = (info.cHeight + 15) / 16;
  result.samples = calloc((rows + 1) * 16, stride);
  if (result.samples == NULL) return NULL;
  buffer.pv = result.samples;
  buffer.cLine = result.height;
  buffer.cbStride = stride;
  buffer.uiLastMBRow = rows;
  if (ImageStrDecDecode(decoder, &buffer, &decoded) != ICERR_OK || past_end) return NULL;
  return &result;
}

/** Memory for the codestream. */
__attribute__((export_name("allocate"))) void *allocate(size_t length) { return malloc(length); }
