# The example configuration: always with the documentation, and in /etc only where the administrator has none yet.
set(configuration ${PROJECT_SOURCE_DIR}/config/closesyncd.conf)
install(FILES ${configuration} DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(CODE "
  if(NOT EXISTS \"\$ENV{DESTDIR}/etc/closesyncd/closesyncd.conf\")
    file(INSTALL \"${configuration}\" DESTINATION /etc/closesyncd)
  endif()")
