# Read by run.sh and dualscope.sh: unpacks Node and ONNX Runtime to WORK (/tmp/dualscope-gpu by default) once, and finds the
# Vulkan and CUDA libraries. Sets here and work. A folder "cuda" next to this one adds ONNX Runtime's CUDA provider.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=${WORK:-/tmp/dualscope-gpu}
mkdir -p "$work"

# unpack ARCHIVE.tar.xz FOLDER: with tar and xz, else with Python
unpack() {
  tar -xJf "$1" -C "$2" 2>/dev/null ||
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$1" "$2"
}
if [ ! -x "$work/node" ]; then
  unpack "$here/native.tar.xz" "$work" || { echo "native.tar.xz: neither xz nor Python's lzma is here" >&2; exit 1; }
fi
cp -r "$here/program/." "$work/"
[ -d "$here/models" ] && cp -r "$here/models" "$work/"

export PATH="$PATH:/sbin:/usr/sbin"
libraries=
has() { ldconfig -p 2>/dev/null | grep -q "$1"; }
if ls "$here"/debs/*.deb >/dev/null 2>&1 && command -v dpkg >/dev/null; then
  # Only what is missing, and outside the system's folders.
  for deb in "$here"/debs/*.deb; do
    name=$(basename "$deb"); name=${name%%_*}
    case $name in
      libvulkan1) library=libvulkan.so.1 ;;
      libx11-6) library=libX11.so.6 ;;
      libxext6) library=libXext.so.6 ;;
      libxcb1) library=libxcb.so.1 ;;
      libxau6) library=libXau.so.6 ;;
      libxdmcp6) library=libXdmcp.so.6 ;;
      libbsd0) library=libbsd.so.0 ;;
      libmd0) library=libmd.so.0 ;;
      libegl1) library=libEGL.so.1 ;;
      libglvnd0) library=libGLdispatch.so.0 ;;
      libgl1) library=libGL.so.1 ;;
      libglx0) library=libGLX.so.0 ;;
      *) library=/ ;;
    esac
    has "$library" || dpkg -x "$deb" "$work/system"
  done
  libraries=$work/system/usr/lib/x86_64-linux-gnu:$work/system/lib/x86_64-linux-gnu
fi
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib; do
  [ -d "$folder" ] && libraries=$libraries:$folder
done
icd=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -z "${VK_DRIVER_FILES:-}" ] && [ -f "$icd" ] && [ ! -f /usr/share/vulkan/icd.d/nvidia_icd.json ]; then
  export VK_DRIVER_FILES=$icd
fi

runtime=$work/node_modules/onnxruntime-node/bin/napi-v6/linux/x64
if [ -f "$here/../cuda/cuda.so.xz" ] || [ -f "$here/cuda/cuda.so.xz" ]; then
  archive=$here/cuda/cuda.so.xz
  [ -f "$archive" ] || archive=$here/../cuda/cuda.so.xz
  if [ ! -f "$runtime/libonnxruntime_providers_cuda.so" ]; then
    xz -dc "$archive" >"$runtime/libonnxruntime_providers_cuda.so" 2>/dev/null ||
      python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"))' \
        "$archive" "$runtime/libonnxruntime_providers_cuda.so"
    cp "$(dirname "$archive")/libonnxruntime_providers_shared.so" "$runtime/"
  fi
fi
if [ -f "$runtime/libonnxruntime_providers_cuda.so" ]; then
  # The libraries of CUDA 13 and cuDNN 9, wherever a Python package or an installer put them.
  for name in libcublasLt.so.13 libcudnn.so.9 libcurand.so.10 libcudart.so.13 libcufft.so.12 libnvrtc.so.13; do
    found=$(find /usr/local /opt /usr/lib -name "$name" 2>/dev/null | head -n 1)
    [ -n "$found" ] && libraries=$libraries:$(dirname "$found")
  done
fi
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
