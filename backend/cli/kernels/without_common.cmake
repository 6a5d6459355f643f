# Leaves llama.cpp's library for its own command line out of the build: half of the compiling, and nothing uses it.
# Included by llama.cpp's project(); llama-cpp-python's file forces the cached option on, which this variable hides.
set(LLAMA_BUILD_COMMON OFF)
