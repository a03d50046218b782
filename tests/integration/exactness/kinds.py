"""The media kinds of the exactness matrix, as data; media.py makes the files.

Every kind is one file: a picture in which each frame is different (a moving test card, a little noise,
and the frame number as a bar code in the top eight lines) and, where `audio` is set, noise whose
position can be found to the sample. To add a kind, add a line.
"""
from dataclasses import dataclass

X264 = "-c:v libx264 -preset veryfast -crf 26 -x264-params "
X265 = "-c:v libx265 -preset ultrafast -crf 28 -tag:v hvc1 -x265-params log-level=none:pools=1:"
AAC = "-c:a aac -b:a 96k -aac_pns 0"
OPUS = "-c:a libopus -b:a 96k"
PYRAMID = X264 + "keyint=48:min-keyint=48:bframes=3:b-adapt=0:b-pyramid=normal:ref=3"
PLAIN = X264 + "keyint=30:bframes=0"
# The three time-stamp filters need a fine time base to write into, whatever the frame rate was.
FINE = "settb=1/90000,"


@dataclass(frozen=True)
class Kind:
    """One file of the matrix. `file` names it, and its ending names the container."""
    file: str
    video: str
    audio: str = ""
    rate: str = "25"
    seconds: float = 8
    pixels: str = "yuv420p"
    filter: str = ""         # appended to the picture: changes time stamps, drops frames
    mux: str = ""
    audio_rate: int = 48000
    audio_tracks: int = 1
    audio_delay: float = 0   # seconds the audio starts after the video; negative: before it
    recipe: str = "encode"   # a function of media.py
    copies: bool = True      # exact MP4 must hold the coded frames as they are
    timed: bool = True       # the file holds presentation times; else the nominal rate is the truth
    backward: bool = False   # times go back: which frames a range near the step holds is a convention
    clips: tuple = ("mov", "mkv", "ts", "fmp4")  # containers tried besides MP4

    @property
    def name(self):
        return self.file.replace(".", "_")


def gap(first, second):
    """A filter that drops the frames between two seconds: nothing is presented there."""
    return f"select='not(between(t,{first},{second}))'"


MKV = ("mkv",)
WEB = ("mkv", "webm")

H264 = [
    Kind("h264_intra.mp4", X264 + "keyint=1:bframes=0", AAC),
    Kind("h264_p.mp4", PLAIN, AAC),
    Kind("h264_pyramid.mp4", PYRAMID, AAC),
    Kind("h264_pyramid.mov", PYRAMID, "-c:a pcm_s16le"),
    Kind("h264_pyramid.mkv", PYRAMID, AAC),
    Kind("h264_pyramid.ts", PYRAMID, AAC),
    Kind("h264_open_gop.mp4", X264 + "keyint=30:min-keyint=30:bframes=3:b-adapt=0:open-gop=1", AAC),
    Kind("h264_open_gop.ts", X264 + "keyint=30:min-keyint=30:bframes=3:b-adapt=0:open-gop=1", AAC),
    Kind("h264_one_idr.mkv", X264 + "keyint=infinite:scenecut=0:bframes=3:b-adapt=0", AAC, seconds=10),
    Kind("h264_one_idr.mp4", X264 + "keyint=infinite:scenecut=0:bframes=2", seconds=12),
    Kind("h264_intra_refresh.mp4", X264 + "keyint=20:intra-refresh=1:bframes=0", AAC),
    Kind("h264_intra_refresh.ts", X264 + "keyint=20:intra-refresh=1:bframes=0"),
    Kind("h264_lossless_444.mp4", "-c:v libx264 -preset veryfast -qp 0 -x264-params keyint=25:bframes=2",
         pixels="yuv444p", seconds=6),
    Kind("h264_444.mkv", PYRAMID, AAC, pixels="yuv444p"),
    Kind("h264_10bit.mp4", PYRAMID, AAC, pixels="yuv420p10le"),
    Kind("h264_422.mkv", PYRAMID, pixels="yuv422p"),
    Kind("h264_422_10bit.mp4", PYRAMID, pixels="yuv422p10le"),
    Kind("h264_rotated.mp4", PYRAMID, AAC, recipe="turn"),
    Kind("h264_bt709_full.mp4", PYRAMID, AAC, mux="-colorspace bt709 -color_primaries bt709 -color_trc bt709 "
         "-color_range pc"),
    Kind("h264_p.flv", PLAIN, AAC, audio_rate=44100),
    Kind("h264_b.flv", PYRAMID, AAC, audio_rate=44100),
    Kind("h264_p.avi", PLAIN, "-c:a pcm_s16le"),
    Kind("h264_fragmented.mp4", PYRAMID, AAC, mux="-movflags frag_keyframe+delay_moov+default_base_moof"),
    Kind("h264_hidden_lead_in.mp4", PYRAMID, AAC, seconds=9, recipe="hide_lead_in"),
]

OTHER_CODECS = [
    Kind("hevc_closed.mp4", X265 + "keyint=30:min-keyint=30:open-gop=0:bframes=0", AAC),
    Kind("hevc_b.mkv", X265 + "keyint=48:open-gop=0:bframes=4", AAC),
    Kind("hevc_open_gop.mp4", X265 + "keyint=30:min-keyint=30:open-gop=1:bframes=4", AAC),
    Kind("hevc_open_gop.ts", X265 + "keyint=30:min-keyint=30:open-gop=1:bframes=4", AAC),
    Kind("hevc_10bit.mp4", X265 + "keyint=48:bframes=3", pixels="yuv420p10le"),
    Kind("av1_svt.mp4", "-c:v libsvtav1 -preset 10 -crf 40 -g 48", AAC, clips=WEB),
    Kind("av1_aom.webm", "-c:v libaom-av1 -cpu-used 8 -crf 40 -g 48 -lag-in-frames 16", OPUS, seconds=6, clips=WEB),
    Kind("vp9.webm", "-c:v libvpx-vp9 -cpu-used 8 -deadline good -crf 40 -b:v 0 -g 48 -auto-alt-ref 1 "
         "-lag-in-frames 16", OPUS, clips=WEB),
    Kind("vp9.mp4", "-c:v libvpx-vp9 -cpu-used 8 -deadline realtime -crf 40 -b:v 0 -g 48", AAC, clips=WEB),
    Kind("mpeg4_b.mp4", "-c:v mpeg4 -qscale:v 5 -bf 2 -g 40", AAC),
    Kind("mpeg4_b.avi", "-c:v mpeg4 -qscale:v 5 -bf 2 -g 40", "-c:a pcm_s16le", timed=False, copies=False),
    Kind("mpeg4_p.avi", "-c:v mpeg4 -qscale:v 5 -g 25", "-c:a pcm_mulaw", audio_rate=8000),
    Kind("mjpeg_420.avi", "-c:v mjpeg -qscale:v 4", "-c:a pcm_s16le", pixels="yuvj420p", copies=False,
         clips=("mov", "mkv")),
    Kind("mjpeg_422.mkv", "-c:v mjpeg -qscale:v 4", AAC, pixels="yuvj422p", copies=False, clips=("mov", "mkv")),
    Kind("mjpeg_420.mov", "-c:v mjpeg -qscale:v 4", "-c:a pcm_alaw", pixels="yuvj420p", audio_rate=8000,
         copies=False, clips=("mov", "mkv")),
    Kind("raw_yuv420.avi", "-c:v rawvideo", "-c:a pcm_s16le", seconds=5, copies=False, clips=MKV),
    Kind("raw_bgr24.avi", "-c:v rawvideo", pixels="bgr24", seconds=4, copies=False, clips=MKV),
    Kind("raw_uyvy.mov", "-c:v rawvideo", "-c:a pcm_s16le", pixels="uyvy422", seconds=4, copies=False, clips=MKV),
]

TIMES = [
    Kind("vfr.mp4", PYRAMID, AAC, filter="select='not(eq(mod(n,7),3)+eq(mod(n,11),5))'"),
    Kind("vfr.mkv", PYRAMID, AAC, filter=FINE + "setpts='PTS+1500*sin(N*1.7)'"),
    Kind("vfr_drift.mp4", PLAIN, filter=FINE + "setpts='PTS*(1+N/600)'", seconds=6),
    Kind("gap.mp4", PYRAMID, AAC, filter=gap(3, 5.5), seconds=9),
    Kind("gap.mkv", PLAIN, AAC, filter=gap(2.1, 4.7), seconds=9),
    Kind("gaps.ts", PYRAMID, filter=gap(2, 4) + "," + gap(6, 7.2), seconds=10),
    Kind("negative_dts.mp4", PYRAMID, AAC, mux="-avoid_negative_ts disabled -movflags +negative_cts_offsets"),
    Kind("negative_dts.mkv", X264 + "keyint=48:bframes=3:b-pyramid=normal", AAC, mux="-avoid_negative_ts disabled"),
    Kind("duplicate_times.mkv", PLAIN, AAC, filter=FINE + "setpts='PTS-3573*eq(mod(N,20),7)'"),
    Kind("backward.ts", PLAIN, seconds=4, recipe="step_back", backward=True),
    Kind("restart.ts", PLAIN, seconds=3, recipe="restart", backward=True),
    Kind("missing_pts_p.h264", PLAIN, timed=False),
    Kind("missing_pts_b.h264", PYRAMID, timed=False, copies=False),
    Kind("missing_pts_b.hevc", X265 + "keyint=30:bframes=3", timed=False, copies=False),
    Kind("ntsc_film.mp4", PYRAMID, AAC, rate="24000/1001", mux="-video_track_timescale 24000"),
    Kind("ntsc.ts", PYRAMID, AAC, rate="30000/1001"),
    Kind("ntsc.mkv", PYRAMID, AAC, rate="30000/1001"),
    Kind("tick_90000.mp4", PYRAMID, AAC, rate="30", mux="-video_track_timescale 90000"),
    Kind("tick_1000.mp4", PYRAMID, AAC, rate="30", mux="-video_track_timescale 1000"),
    Kind("slow.mkv", PYRAMID, AAC, rate="5", seconds=20),
]

SOUND = [
    Kind("opus.mkv", PYRAMID, OPUS),
    Kind("opus.mp4", PYRAMID, OPUS),
    Kind("pcm.mkv", PYRAMID, "-c:a pcm_s16le"),
    Kind("alaw.mov", PYRAMID, "-c:a pcm_alaw", audio_rate=8000),
    Kind("mulaw.mkv", PYRAMID, "-c:a pcm_mulaw", audio_rate=8000),
    Kind("mulaw.avi", PLAIN, "-c:a pcm_mulaw", audio_rate=8000),
    Kind("audio_late.mp4", PYRAMID, AAC, audio_delay=2.3),
    Kind("audio_late.mkv", PYRAMID, AAC, audio_delay=0.713),
    Kind("audio_early.mp4", PYRAMID, AAC, audio_delay=-0.8),
    Kind("audio_early.ts", PYRAMID, AAC, audio_delay=-0.517),
    Kind("two_sounds.mkv", PYRAMID, AAC, audio_tracks=2),
    Kind("two_sounds.mp4", PYRAMID, AAC, audio_tracks=2),
]

KINDS = H264 + OTHER_CODECS + TIMES + SOUND
