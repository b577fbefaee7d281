#pragma once
// What the FFmpeg target uses of FFmpeg's libraries. Macros that Swift cannot import are wrapped here as constants.
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/error.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/time.h>
#include <libswscale/swscale.h>

static const int32_t ws_averror_eagain = AVERROR(EAGAIN);
static const int32_t ws_averror_eof = AVERROR_EOF;
static const int32_t ws_averror_exit = AVERROR_EXIT;
static const int32_t ws_averror_enomem = AVERROR(ENOMEM);
static const int32_t ws_averror_einval = AVERROR(EINVAL);
static const int32_t ws_averror_invaliddata = AVERROR_INVALIDDATA;
static const int32_t ws_averror_decoder_not_found = AVERROR_DECODER_NOT_FOUND;
static const int32_t ws_averror_stream_not_found = AVERROR_STREAM_NOT_FOUND;
static const int64_t ws_no_pts = AV_NOPTS_VALUE;

// The AVERROR value of an errno value, which a macro computes.
static inline int32_t ws_averror(int32_t error_number) { return AVERROR(error_number); }

// Whether swscale reads pictures of this format as full range (RGB, grey and the yuvj formats), whatever is tagged.
static inline int ws_swscale_reads_full_range(enum AVPixelFormat format) {
  const AVPixFmtDescriptor *description = av_pix_fmt_desc_get(format);
  if (!description) return 0;
  if ((description->flags & AV_PIX_FMT_FLAG_RGB) || description->nb_components < 3) return 1;
  return format == AV_PIX_FMT_YUVJ420P || format == AV_PIX_FMT_YUVJ422P || format == AV_PIX_FMT_YUVJ444P
      || format == AV_PIX_FMT_YUVJ440P || format == AV_PIX_FMT_YUVJ411P;
}
