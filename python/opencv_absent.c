/* What OpenCV's core, as Debian builds it, takes from LAPACK, BLAS and GLX: for linear algebra and OpenGL, which reading
 * pictures does not use. scripts/wheel puts this into the wheel in their place: they are a fifth of its size, and GLX
 * needs X11, which many systems do not have. A call ends the process with a message. */
#include <stdio.h>
#include <stdlib.h>

#define ABSENT(name)                                                                      \
  void name(void);                                                                        \
  void name(void) {                                                                       \
    fprintf(stderr, "digitry: %s is not part of this wheel; please report this\n", #name); \
    abort();                                                                              \
  }

ABSENT(cblas_cgemm)
ABSENT(cblas_dgemm)
ABSENT(cblas_sgemm)
ABSENT(cblas_zgemm)
ABSENT(dgels_)
ABSENT(dgeqrf_)
ABSENT(dgesdd_)
ABSENT(dgesv_)
ABSENT(dgetrf_)
ABSENT(dposv_)
ABSENT(dpotrf_)
ABSENT(sgels_)
ABSENT(sgeqrf_)
ABSENT(sgesdd_)
ABSENT(sgesv_)
ABSENT(sgetrf_)
ABSENT(sposv_)
ABSENT(spotrf_)
ABSENT(glXGetCurrentContext)
ABSENT(glXGetCurrentDisplay)
ABSENT(glXGetProcAddressARB)
