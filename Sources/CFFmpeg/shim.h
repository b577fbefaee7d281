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
#include <libswscale/swscale.h>

static const int32_t ws_averror_eagain = AVERROR(EAGAIN);
static const int32_t ws_averror_eof = AVERROR_EOF;
static const int32_t ws_averror_exit = AVERROR_EXIT;
static const int64_t ws_no_pts = AV_NOPTS_VALUE;
