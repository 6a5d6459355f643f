# Adds our own kernels to ggml's code for the processor: included by ggml's project() (see native.py).
# The linker hands ggml's calls over to ours, which pass on what they do not compute.

include(CheckCCompilerFlag)
# Tiles (AMX) would take quantized weights away from our products, and compute a column otherwise in other company. And
# compilers up to GCC 12 drop the writes of the tiles' configuration as dead: the first product ends the process.
check_c_compiler_flag("-mno-amx-tile -mno-amx-int8" ATELIER_KNOWS_TILES)

function(add_kernels)
    if (TARGET ggml-cpu AND ATELIER_KNOWS_TILES)
        target_compile_options(ggml-cpu PRIVATE -mno-amx-tile -mno-amx-int8)
    endif()
    if (TARGET ggml-cpu)
        target_sources(ggml-cpu PRIVATE "${ATELIER_KERNELS}/attention.c")
        target_link_options(ggml-cpu PRIVATE "LINKER:--wrap=ggml_compute_forward_flash_attn_ext")
    endif()
    if (TARGET ggml-cpu AND GGML_LLAMAFILE)
        target_sources(ggml-cpu PRIVATE "${ATELIER_KERNELS}/q4_1_gemm.c")
        target_link_options(ggml-cpu PRIVATE "LINKER:--wrap=llamafile_sgemm")
    endif()
endfunction()

set(ATELIER_KERNELS "${CMAKE_CURRENT_LIST_DIR}")
# The target exists as soon as ggml's own file has been read to its end.
cmake_language(DEFER CALL add_kernels)
